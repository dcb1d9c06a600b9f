#include <algorithm>

#include "base/error.h"
#include "zip_directory_private.h"

namespace cw::gp {

namespace {

constexpr uint32_t kLocalSignature = 0x04034B50;
constexpr uint32_t kCentralSignature = 0x02014B50;
constexpr uint32_t kEndSignature = 0x06054B50;
constexpr size_t kLocalHeader = 30;
constexpr size_t kCentralHeader = 46;
constexpr size_t kEndRecord = 22;
constexpr size_t kMaxName = 255;

// General purpose bits (APPNOTE 4.4.4).
constexpr uint16_t kEncrypted = 1u << 0;
constexpr uint16_t kSizesFollowData = 1u << 3;
constexpr uint16_t kPatched = 1u << 5;
constexpr uint16_t kStrongEncryption = 1u << 6;
constexpr uint16_t kMaskedHeader = 1u << 13;

/// Little-endian numbers at a place that the caller has checked.
uint16_t u16(ByteView bytes, size_t at) { return static_cast<uint16_t>(bytes[at] | bytes[at + 1] << 8); }
uint32_t u32(ByteView bytes, size_t at) {
  return static_cast<uint32_t>(u16(bytes, at)) | static_cast<uint32_t>(u16(bytes, at + 2)) << 16;
}

bool has(ByteView file, size_t at, size_t count) { return at <= file.size() && count <= file.size() - at; }

/// Names go into error messages: what could not be printed is shown as '?'.
std::string printable(std::string_view name) {
  std::string out(name.substr(0, 80));
  for (char& c : out) {
    if (c < 0x20 || c > 0x7E) c = '?';
  }
  return out;
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

/// Why a name must not be used, or nullptr.
const char* name_problem(std::string_view name) {
  if (name.empty() || name.size() > kMaxName) return "its name is empty or too long";
  if (name.front() == '/' || name.find(':') != std::string_view::npos) return "its name is an absolute path";
  if (name.find('\\') != std::string_view::npos) return "its name has a backslash";
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return "its name has a control character";
  }
  for (size_t start = 0; start <= name.size();) {
    const size_t end = std::min(name.find('/', start), name.size());
    const std::string_view part = name.substr(start, end - start);
    if (part == ".." || part == ".") return "its name leaves its folder";
    if (part.empty() && end != name.size()) return "its name has an empty folder";
    start = end + 1;
  }
  return nullptr;
}

struct End {
  size_t count;
  size_t offset;
  size_t size;
};

End read_end(const ZipDirectory& directory, ByteView file) {
  if (file.size() < kEndRecord || u32(file, file.size() - kEndRecord) != kEndSignature ||
      u16(file, file.size() - 2) != 0) {
    directory.refuse(
        "no ZIP end record at the end of the file: it was cut, has a comment, or other data behind it; "
        "get it again or pack it again without comment");
  }
  const ByteView end = file.last(kEndRecord);
  const End out{u16(end, 10), u32(end, 16), u32(end, 12)};
  if (out.count == 0xFFFF || out.offset == 0xFFFFFFFF || out.size == 0xFFFFFFFF) {
    directory.refuse("ZIP64; a CAP file never needs it, pack it again");
  }
  if (u16(end, 4) != 0 || u16(end, 6) != 0 || u16(end, 8) != out.count) {
    directory.refuse("an archive in several parts; pack it again as one");
  }
  if (out.offset + out.size != file.size() - kEndRecord) {
    directory.refuse(
        "the directory does not end where the end record begins; the file is damaged or was tampered with");
  }
  return out;
}

/// One central header at `at`; moves `at` behind it.
ZipRecord read_central(const ZipDirectory& directory, ByteView file, size_t& at, size_t end) {
  if (end - at < kCentralHeader || u32(file, at) != kCentralSignature) {
    directory.refuse("directory entry " + std::to_string(directory.entries.size() + 1) +
                     " is none; the file is damaged");
  }
  const ByteView header = file.subspan(at, end - at);
  const size_t name_size = u16(header, 28);
  const size_t whole = kCentralHeader + name_size + u16(header, 30) + u16(header, 32);
  if (whole > header.size()) directory.refuse("a directory entry runs past the directory; the file is damaged");

  ZipRecord out;
  out.name = to_string(header.subspan(kCentralHeader, name_size));
  out.flags = u16(header, 8);
  out.method = u16(header, 10);
  out.crc = u32(header, 16);
  out.packed_size = u32(header, 20);
  out.size = u32(header, 24);
  out.header_offset = u32(header, 42);
  if (const char* problem = name_problem(out.name))
    directory.refuse(out, std::string(problem) + "; do not use this file");
  if (u16(header, 34) != 0) directory.refuse(out, "lies in another part of the archive; pack it again as one");
  if (out.packed_size == 0xFFFFFFFF || out.size == 0xFFFFFFFF || out.header_offset == 0xFFFFFFFF) {
    directory.refuse(out, "ZIP64; a CAP file never needs it, pack it again");
  }
  at += whole;
  return out;
}

void check_coding(const ZipDirectory& directory, const ZipRecord& entry) {
  if ((entry.flags & (kEncrypted | kStrongEncryption | kMaskedHeader)) != 0) {
    directory.refuse(entry, "encrypted; unpack it and pack it again without a password");
  }
  if ((entry.flags & kPatched) != 0) directory.refuse(entry, "patched data; pack it again");
  if (entry.method != kStored && entry.method != kDeflated) {
    directory.refuse(entry, "compression method " + std::to_string(entry.method) + "; pack it again with deflate");
  }
  if (entry.method == kStored && entry.packed_size != entry.size) {
    directory.refuse(entry, "stored, with two different sizes; the file is damaged or was tampered with");
  }
  if (entry.name.ends_with('/') && entry.size != 0) directory.refuse(entry, "a folder with content; pack it again");
}

/// The local header must say what the directory says (APPNOTE 4.3.7), but for sizes that follow the data.
void check_local(const ZipDirectory& directory, ByteView file, ZipRecord& entry) {
  const size_t at = entry.header_offset;
  if (!has(file, at, kLocalHeader) || u32(file, at) != kLocalSignature) {
    directory.refuse(entry, "has no local header where the directory says; the file is damaged");
  }
  const size_t name_size = u16(file, at + 26);
  const size_t extra_size = u16(file, at + 28);
  entry.data_offset = at + kLocalHeader + name_size + extra_size;
  if (!has(file, entry.data_offset, entry.packed_size)) {
    directory.refuse(entry, "runs past the end of the file; its size lies or the file was cut");
  }
  const bool later = (entry.flags & kSizesFollowData) != 0;
  const auto agrees = [&](size_t offset, size_t value) {
    const uint32_t local = u32(file, at + offset);
    return local == value || (later && local == 0);
  };
  const std::string_view name = text_view(file.subspan(at + kLocalHeader, name_size));
  if (name != entry.name || u16(file, at + 6) != entry.flags || u16(file, at + 8) != entry.method ||
      !agrees(14, entry.crc) || !agrees(18, entry.packed_size) || !agrees(22, entry.size)) {
    directory.refuse(entry, "local header (" + printable(name) +
                                ") and directory differ; the file is damaged or was tampered with, do not use it");
  }
}

void check_duplicates(const ZipDirectory& directory) {
  std::vector<std::string> names;
  for (const ZipRecord& entry : directory.entries) {
    const std::string name = lower(entry.name);
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      directory.refuse(entry, "is there twice; two readers may see two different files, do not use this one");
    }
    names.push_back(name);
  }
}

void check_overlaps(const ZipDirectory& directory, size_t directory_offset) {
  std::vector<const ZipRecord*> order;
  for (const ZipRecord& entry : directory.entries) order.push_back(&entry);
  std::sort(order.begin(), order.end(),
            [](const ZipRecord* a, const ZipRecord* b) { return a->header_offset < b->header_offset; });
  for (size_t i = 0; i < order.size(); ++i) {
    const size_t end = order[i]->data_offset + order[i]->packed_size;
    const size_t limit = i + 1 < order.size() ? order[i + 1]->header_offset : directory_offset;
    if (end > limit) directory.refuse(*order[i], "overlaps what follows it; do not use this file");
  }
}

}  // namespace

void ZipDirectory::refuse(const std::string& what) const { throw Error(ErrorKind::cap, origin + ": " + what); }

void ZipDirectory::refuse(const ZipRecord& entry, const std::string& what) const {
  throw Error(ErrorKind::cap, origin + ": entry " + printable(entry.name) + ": " + what);
}

ZipDirectory read_zip_directory(ByteView file, std::string_view origin, size_t max_entries) {
  ZipDirectory out{std::string(origin), {}};
  const End end = read_end(out, file);
  if (end.count > max_entries) {
    out.refuse(std::to_string(end.count) + " entries, the limit is " + std::to_string(max_entries) +
               "; a CAP file has about 12 and its classes");
  }
  size_t at = end.offset;
  for (size_t i = 0; i < end.count; ++i) {
    ZipRecord entry = read_central(out, file, at, end.offset + end.size);
    check_coding(out, entry);
    check_local(out, file, entry);
    out.entries.push_back(std::move(entry));
  }
  if (at != end.offset + end.size) out.refuse("data between the directory and its end; do not use this file");
  check_duplicates(out);
  check_overlaps(out, end.offset);
  return out;
}

}  // namespace cw::gp
