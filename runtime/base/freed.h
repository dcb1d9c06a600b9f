// Owners of what a C library made: std::unique_ptr<SSL, Freed<SSL_free>>.
#pragma once

namespace cw {

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};

}  // namespace cw
