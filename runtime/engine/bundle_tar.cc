#include <algorithm>

#include "base/error.h"
#include "bundle_tar_private.h"

namespace cw::engine {

namespace {

// Fields of a header (POSIX.1-1988): where each begins, and how long it is.
struct Field {
  size_t at;
  size_t size;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12}, kTime{136, 12}, kSum{148, 8},
    kType{156, 1}, kMagic{257, 8}, kMajor{329, 8}, kMinor{337, 8};
constexpr size_t kBlock = 512;
constexpr uint64_t kBegan = 315532800;  // 1980-01-01: tar warns of files older than that

void put(Bytes& header, Field field, std::string_view text) {
  std::copy(text.begin(), text.end(), header.begin() + static_cast<std::ptrdiff_t>(field.at));
}

std::string octal(uint64_t number, size_t digits) {
  std::string out(digits, '0');
  for (size_t i = digits; i-- > 0; number >>= 3) out[i] = static_cast<char>('0' + (number & 7));
  return out;
}

Bytes header_of(std::string_view name, size_t size) {
  Bytes header(kBlock);
  put(header, kName, name);
  put(header, kMode, octal(0644, 7));
  put(header, kUid, octal(0, 7));
  put(header, kGid, octal(0, 7));
  put(header, kSize, octal(size, 11));
  put(header, kTime, octal(kBegan, 11));
  put(header, kSum, std::string(8, ' '));
  put(header, kType, "0");
  put(header, kMagic,
      std::string_view("ustar\0"
                       "00",
                       8));
  put(header, kMajor, octal(0, 7));
  put(header, kMinor, octal(0, 7));
  uint64_t sum = 0;
  for (const uint8_t byte : header) sum += byte;
  put(header, kSum, octal(sum, 6) + std::string("\0 ", 2));
  return header;
}

size_t padded(size_t size) { return (size + kBlock - 1) / kBlock * kBlock; }

bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

/// As a header says it, whatever else is in there.
std::string_view name_in(ByteView header) {
  const std::string_view field = text_view(header.first(kName.size));
  return field.substr(0, field.find('\0'));
}
size_t size_in(ByteView header) {
  size_t size = 0;
  for (const uint8_t c : header.subspan(kSize.at, 11)) {
    if (c < '0' || c > '7') return SIZE_MAX;
    size = size << 3 | (c - '0');
  }
  return size;
}

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::script, why); }

}  // namespace

Bytes write_tar(const std::vector<TarFile>& files) {
  Bytes out;
  for (const TarFile& file : files) {
    append(out, header_of(file.name, file.content.size()));
    append(out, view(file.content));
    out.resize(padded(out.size()));
  }
  out.resize(out.size() + 2 * kBlock);
  return out;
}

std::vector<TarFile> read_tar(ByteView archive, size_t count, size_t limit) {
  if (archive.size() > limit) refuse("it is larger than " + std::to_string(limit) + " bytes");
  std::vector<TarFile> files;
  while (archive.size() > 2 * kBlock) {
    const ByteView header = archive.first(kBlock);
    const std::string place = "member " + std::to_string(files.size() + 1);
    const std::string name(name_in(header));
    const size_t size = size_in(header);
    if (name.empty() || size > limit || !equal(header, header_of(name, size))) {
      refuse("the head of " + place + " is not as cardwright writes it");
    }
    if (files.size() == count) refuse("it has more than " + std::to_string(count) + " members");
    if (padded(size) > archive.size() - kBlock) refuse("it is cut short within " + place + ", " + name);
    if (!all_zero(archive.subspan(kBlock + size, padded(size) - size))) refuse("there is something behind " + name);
    files.push_back({name, to_string(archive.subspan(kBlock, size))});
    archive = archive.subspan(kBlock + padded(size));
  }
  if (archive.size() != 2 * kBlock || !all_zero(archive)) {
    refuse(files.empty() ? "it is no bundle; cardwright bundle build makes one"
                         : "it is cut short, or something follows its end");
  }
  return files;
}

}  // namespace cw::engine
