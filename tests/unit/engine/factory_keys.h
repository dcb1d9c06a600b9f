// The keys that the simulated generic card leaves the factory with, as a key file.
#pragma once

namespace cw::engine {

constexpr const char* kFactoryKeys = R"(
[isd]
type = aes
version = 30
enc = 404142434445464748494A4B4C4D4E4F
mac = 404142434445464748494A4B4C4D4E4F
dek = 404142434445464748494A4B4C4D4E4F
)";

}  // namespace cw::engine
