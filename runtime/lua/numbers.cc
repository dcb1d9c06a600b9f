#include <cmath>
#include <cstdlib>

#include "chunk_private.h"

namespace cw::lua {
namespace {

/// Goes through Lua text that is known to compile, token by token, as far as `^` needs it.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  enum class Token { end, integer, boxed, power, other };

  Token next() {
    skip_space();
    if (at_ >= text_.size()) return Token::end;
    char c = peek();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (is_word(c)) {
      while (is_word(peek())) ++at_;
      return Token::other;
    }
    if (c == '"' || c == '\'') return quoted(c);
    if (c == '[' && skip_long_bracket()) return Token::other;
    if (c == '.') {  // all dots at once: the number after `..` has none of its own
      while (peek() == '.') ++at_;
      return Token::other;
    }
    ++at_;
    return c == '^' ? Token::power : Token::other;
  }

  int line() const { return line_; }
  double integer() const { return integer_; }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
  }
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  void step() {
    if (peek() == '\n') ++line_;
    ++at_;
  }

  void skip_space() {
    while (at_ < text_.size()) {
      char c = peek();
      if (c == ' ' || (c >= '\t' && c <= '\r')) {
        step();
      } else if (c == '-' && peek(1) == '-') {
        at_ += 2;
        if (peek() == '[' && skip_long_bracket()) continue;
        while (at_ < text_.size() && peek() != '\n') ++at_;
      } else if (c == '#' && at_ == 0) {
        while (at_ < text_.size() && peek() != '\n') ++at_;
      } else {
        return;
      }
    }
  }

  /// [[...]], [=[...]=]: false if this is no long bracket.
  bool skip_long_bracket() {
    size_t level = 0;
    while (peek(1 + level) == '=') ++level;
    if (peek(1 + level) != '[') return false;
    std::string close = "]" + std::string(level, '=') + "]";
    at_ += 2 + level;
    while (at_ < text_.size() && text_.substr(at_, close.size()) != close) step();
    at_ += close.size();
    return true;
  }

  Token quoted(char quote) {
    ++at_;
    while (at_ < text_.size() && peek() != quote) {
      if (peek() == '\\') step();
      step();
    }
    ++at_;
    return Token::other;
  }

  Token number() {
    size_t begin = at_;
    bool digits_only = true;
    while (is_word(peek()) || peek() == '.' || ((peek() == '+' || peek() == '-') && is_exponent(begin))) {
      digits_only = digits_only && is_digit(peek());
      ++at_;
    }
    integer_ = std::strtod(std::string(text_.substr(begin, at_ - begin)).c_str(), nullptr);
    std::string_view suffix = text_.substr(begin, at_ - begin);
    if (suffix.find_first_of("lLuUiI") != suffix.npos) return Token::boxed;
    return digits_only ? Token::integer : Token::other;
  }

  /// The sign belongs to the number: 1e-3, 0x1p+4.
  bool is_exponent(size_t begin) const {
    bool hex = text_.substr(begin, 2) == "0x" || text_.substr(begin, 2) == "0X";
    char before = text_[at_ - 1];
    return hex ? before == 'p' || before == 'P' : before == 'e' || before == 'E';
  }

  std::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
  double integer_ = 0;
};

constexpr double kExact = 9007199254740992.0;  // 2^53: integers below are exact in any arithmetic

}  // namespace

void check_numbers(const std::string& name, std::string_view text) {
  Scanner scanner(text);
  using Token = Scanner::Token;
  Token before = Token::other;
  double base = 0;
  for (Token token = scanner.next(); token != Token::end; token = scanner.next()) {
    if (token == Token::boxed) {
      throw Error(ErrorKind::script,
                  name + ":" + std::to_string(scanner.line()) +
                      ": 64-bit and complex numbers (1LL, 1i) are not there for scripts: they come from ffi");
    }
    if (token == Token::power) {
      int line = scanner.line();
      bool fixed =
          before == Token::integer && scanner.next() == Token::integer && std::pow(base, scanner.integer()) <= kExact;
      if (!fixed) {
        throw Error(ErrorKind::script, name + ":" + std::to_string(line) +
                                           ": '^' needs two integers written out (2^16), with a result up to 2^53; "
                                           "multiply instead");
      }
      token = Token::other;  // 2^3^2 goes on from no integer, and is refused
    }
    before = token;
    base = scanner.integer();
  }
}

}  // namespace cw::lua
