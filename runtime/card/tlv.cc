#include "card/tlv.h"

#include "base/error.h"
#include "base/hex.h"

namespace cw::card {

namespace {

bool is_constructed(Tag tag) {
  while (tag > 0xFF) tag >>= 8;
  return (tag & 0x20) != 0;
}

/// Erased memory behind the last object. FF alone is never a tag and length, so nothing is lost.
bool only_ff(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0xFF; });
}

/// One parse: counts objects over all levels and keeps the first thing that was wrong.
class Parser {
 public:
  explicit Parser(TlvReading reading) : strict_(reading == TlvReading::strict) {}

  /// Objects of one level, or nothing when `bytes` are not that. Its depth is bounded by kMaxTlvDepth.
  std::optional<TlvList> level(ByteView bytes, size_t depth) {
    TlvList out;
    size_t at = 0;
    while (at < bytes.size()) {
      const ByteView rest = bytes.subspan(at);
      if (!strict_ && (rest[0] == 0x00 || only_ff(rest))) {
        ++at;
        continue;
      }
      const auto header = read_tlv_header(rest);
      if (!header) return fail(at, "no tag and length");
      if (header->length > rest.size() - header->size) {
        return fail(at, "tag " + to_hex(tag_bytes(header->tag)) + " says " + std::to_string(header->length) +
                            " bytes, " + std::to_string(rest.size() - header->size) + " are left");
      }
      if (strict_ && !header->shortest) return fail(at, "length is not in its shortest form");
      count();
      Tlv object{header->tag, to_bytes(rest.subspan(header->size, header->length)), {}};
      if (is_constructed(object.tag) && !inside(object, depth)) return std::nullopt;
      at += header->size + header->length;
      out.push_back(std::move(object));
    }
    return out;
  }

  const std::string& problem() const { return problem_; }

 private:
  /// False only if strict reading forbids what is inside.
  bool inside(Tlv& object, size_t depth) {
    if (depth == kMaxTlvDepth) {
      if (strict_) fail(0, "objects inside objects more than " + std::to_string(kMaxTlvDepth) + " deep");
      return !strict_;
    }
    auto children = level(object.value, depth + 1);
    if (children) object.children = std::move(*children);
    return children || !strict_;
  }

  void count() {
    if (++objects_ > kMaxTlvObjects) {
      throw Error(ErrorKind::card, "reading BER-TLV: more than " + std::to_string(kMaxTlvObjects) +
                                       " objects; no card answers so, check what was given");
    }
  }

  std::nullopt_t fail(size_t at, const std::string& what) {
    problem_ = what + " at byte " + std::to_string(at);
    return std::nullopt;
  }

  const bool strict_;
  size_t objects_ = 0;
  std::string problem_;
};

}  // namespace

std::optional<TlvHeader> read_tlv_header(ByteView bytes) {
  if (bytes.empty()) return std::nullopt;
  TlvHeader out;
  size_t at = 0;
  out.tag = bytes[at++];
  if ((out.tag & 0x1F) == 0x1F) {
    do {
      if (at == 3 || at == bytes.size()) return std::nullopt;
      out.tag = out.tag << 8 | bytes[at];
    } while ((bytes[at++] & 0x80) != 0);
  }

  if (at == bytes.size()) return std::nullopt;
  const uint8_t first = bytes[at++];
  if (first < 0x80) {
    out.length = first;
  } else {
    const size_t width = first & 0x7F;  // 0: indefinite length, which 7816-4 does not have
    if (width == 0 || width > 4 || width > bytes.size() - at) return std::nullopt;
    out.length = read_be(bytes.subspan(at, width));
    at += width;
    out.shortest = ber_length(out.length).size() == width + 1;
  }
  out.size = at;
  return out;
}

TlvList parse_tlv(ByteView bytes, TlvReading reading) {
  Parser parser(reading);
  auto out = parser.level(bytes, 1);
  if (!out)
    throw Error(ErrorKind::card, "not BER-TLV: " + parser.problem() + "; the answer was cut or is no data object");
  return std::move(*out);
}

const Tlv* find(const TlvList& objects, Tag tag) {
  const auto at = std::find_if(objects.begin(), objects.end(), [&](const Tlv& object) { return object.tag == tag; });
  return at == objects.end() ? nullptr : &*at;
}

const Tlv* find(const TlvList& objects, std::string_view path) {
  const TlvList* level = &objects;
  const Tlv* found = nullptr;
  for (;;) {
    const size_t slash = path.find('/');
    const Bytes tag = from_hex(path.substr(0, slash));
    if (tag.empty() || tag.size() > 3) {
      throw Error(ErrorKind::usage, "a path to a data object is tags of 1 to 3 bytes, as 6F/A5/9F65");
    }
    found = find(*level, static_cast<Tag>(read_be(tag)));
    if (found == nullptr || slash == std::string_view::npos) return found;
    level = &found->children;
    path.remove_prefix(slash + 1);
  }
}

Bytes ber_length(size_t length) {
  if (length < 0x80) return {static_cast<uint8_t>(length)};
  size_t width = 1;
  while (width < sizeof length && length >> (8 * width) != 0) ++width;
  Bytes out = {static_cast<uint8_t>(0x80 | width)};
  append_be(out, length, width);
  return out;
}

Bytes tag_bytes(Tag tag) {
  Bytes out;
  append_be(out, tag, tag > 0xFFFF ? 3 : tag > 0xFF ? 2 : 1);
  return out;
}

Bytes tlv(Tag tag, ByteView value) { return concat({tag_bytes(tag), ber_length(value.size()), value}); }

Bytes lv(ByteView value) { return concat({ber_length(value.size()), value}); }

Bytes encode(const TlvList& objects) {
  Bytes out;
  for (const Tlv& object : objects) {
    append(out, tlv(object.tag, object.children.empty() ? ByteView(object.value) : ByteView(encode(object.children))));
  }
  return out;
}

}  // namespace cw::card
