#include "engine/recording.h"

#include <algorithm>
#include <set>

#include "base/files.h"
#include "engine/recording_text.h"
#include "recording_scan_private.h"

namespace cw::engine {

namespace {

using Kind = RecordedLine::Kind;

constexpr size_t kFileLimit = 256u << 20;
constexpr size_t kAnswerLimit = 1u << 20;
constexpr size_t kRandomLimit = 1024;
constexpr size_t kDomainLimit = 1024;  // of one card
constexpr uint64_t kAny = UINT32_MAX;
constexpr std::string_view kArrow = " =>";

Error read_error(LineScanner& in) {
  const std::string_view name = in.word();
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::internal); ++kind) {
    if (name_of(static_cast<ErrorKind>(kind)) != name) continue;
    std::optional<uint16_t> sw;
    if (in.take("sw=")) {
      sw = in.status();
      in.expect(" ");
    }
    std::string message = in.quoted();
    std::string cause;
    if (in.take(" cause ")) cause = in.quoted();
    return {static_cast<ErrorKind>(kind), std::move(message), sw, std::move(cause)};
  }
  in.fail("there is no kind of error '" + std::string(name) + "'");
}

RecordedReply read_answer(LineScanner& in) {
  if (in.take("no answer")) return NoAnswer{};
  RecordedAnswer answer;
  if (in.sees("<")) {
    answer.data = LeftOut{in.left_out(kAnswerLimit)};
    in.expect(" ");
    answer.sw = in.status();
    return answer;
  }
  Bytes bytes = in.hex(1, kAnswerLimit);
  if (in.take(" ")) {
    answer.data = std::move(bytes);
    answer.sw = in.status();
  } else if (bytes.size() == 2) {
    answer.sw = static_cast<uint16_t>(read_be(bytes));
  } else {
    in.fail("expected a status word after the answer");
  }
  return answer;
}

host::ChannelOpened read_opened(LineScanner& in) {
  host::ChannelOpened out;
  out.channel = static_cast<host::ChannelId>(in.number(kAny));
  if (out.channel == 0) in.fail("channel 0 is no secure channel");
  in.expect(" scp=");
  out.scp = in.byte();
  in.expect(" i=");
  out.i = in.byte();
  in.expect(" level=");
  out.level = in.byte();
  in.expect(" version=");
  out.key_version = in.byte();
  in.expect(" diversification=");
  out.diversification_data = in.hex(0, 16);
  in.expect(" counter=");
  out.sequence_counter = in.hex(0, 16);
  in.expect(" max=");
  out.max_data = static_cast<uint32_t>(in.number(kAny));
  if (in.take(" keys=")) out.keys = in.quoted();
  return out;
}

host::KeyInfo read_keys(LineScanner& in) {
  host::KeyInfo out;
  out.type = std::string(in.word());
  static const std::set<std::string> kTypes = {"aes", "des", "rsa", "ec", "sm2"};
  if (!kTypes.contains(out.type)) in.fail("a key is of type aes, des, rsa, ec or sm2");
  in.expect("size=");
  out.size = static_cast<uint32_t>(in.number(1024));
  in.expect(" version=");
  out.version = in.byte();
  in.expect(" kcvs=");
  if (in.at_end()) return out;
  do {
    out.kcvs.push_back(in.hex(3, 3));
  } while (in.take(","));
  return out;
}

host::DomainRecord read_domain(LineScanner& in) {
  host::DomainRecord out;
  out.aid = in.hex(5, 16);
  for (std::string* each : {&out.state, &out.se_id, &out.issuer, &out.management, &out.keys, &out.told}) {
    in.expect(" ");
    *each = in.quoted();
  }
  in.expect(" ");
  out.version = in.byte();
  return out;
}

RecordedDomains read_domains(LineScanner& in) {
  RecordedDomains out;
  const auto count = in.number(kDomainLimit);
  while (out.domains.size() < count) {
    in.expect(" ");
    out.domains.push_back(read_domain(in));
  }
  return out;
}

RecordedReply read_http(LineScanner& in) {
  host::HttpReply out;
  out.status = static_cast<int>(in.number(999));
  in.expect(" ");
  if (in.sees("<")) return HttpLeftOut{out.status, in.left_out(kFileLimit)};
  while (in.take("header ")) {
    std::string name = in.quoted();
    in.expect(" ");
    out.headers.emplace_back(std::move(name), in.quoted());
    in.expect(" ");
  }
  in.expect("body ");
  out.body = in.quoted();
  return out;
}

RecordedReply read_reply(LineScanner& in, Kind kind) {
  if (in.take("error ")) return read_error(in);
  switch (kind) {
    case Kind::reset:
      return in.hex(0, 64);
    case Kind::command:
    case Kind::more:
      return read_answer(in);
    case Kind::open:
      if (in.take("no answer")) return NoAnswer{};
      return read_opened(in);
    case Kind::http:
      return read_http(in);
    case Kind::time:
    case Kind::verifies:
      return in.integer();
    case Kind::random:
      return in.hex(1, kRandomLimit);
    case Kind::keys:
    case Kind::unwrap:
      return read_keys(in);
    case Kind::sign:
      return in.hex(1, kRandomLimit);
    case Kind::domains:
      return read_domains(in);
    case Kind::close:
    case Kind::deliver:
    case Kind::end:
      in.expect("done");
      return Done{};
    case Kind::failed:
      in.fail("expected an error");
    case Kind::attempt:
    case Kind::wait:
    case Kind::step:
      break;
  }
  in.fail("nothing comes back here");
}

/// Checks the pieces that others than the eye read; the rest of a request is compared as it stands.
Kind read_request(LineScanner& in) {
  if (in.take("attempt ")) return in.number(kAny), Kind::attempt;
  if (in.take("reset")) return Kind::reset;
  if (in.take("open ")) {
    in.quoted();
    if (in.take(" or ")) in.quoted();
    in.expect(" level=");
    in.byte();
    in.rest();
    return Kind::open;
  }
  if (in.take("close ")) return in.number(kAny), Kind::close;
  if (in.take("http ")) return in.quoted(), in.expect(" "), in.quoted(), in.rest(), Kind::http;
  if (in.take("deliver ")) {
    return in.quoted(), in.expect(" "), in.quoted(), in.expect(" "), in.quoted(), in.rest(), Kind::deliver;
  }
  if (in.take("wait ")) return in.number(INT64_MAX), Kind::wait;
  if (in.take("time")) return Kind::time;
  if (in.take("random ")) return in.number(kRandomLimit), Kind::random;
  if (in.take("keys ")) return in.quoted(), Kind::keys;
  if (in.take("verifies ")) return in.quoted(), in.rest(), Kind::verifies;
  if (in.take("sign ")) return in.quoted(), in.rest(), Kind::sign;
  if (in.take("domains put ") || in.take("domains expect ")) return read_domain(in), Kind::domains;
  if (in.take("domains")) return Kind::domains;
  if (in.take("unwrap ")) return in.quoted(), in.expect(" under "), in.quoted(), in.rest(), Kind::unwrap;
  if (in.take("failed")) return Kind::failed;
  if (in.take("end")) return Kind::end;
  if (in.take("step ")) {
    in.quoted();
    in.expect(" ");
    if (!in.take("done")) in.expect("skipped");
    return Kind::step;
  }
  if (!in.sees_digit()) in.fail("no line of a recording begins so");
  in.number(kAny);
  const bool more = in.take("+ ");
  if (!more) in.expect("> ");
  in.hex(4, 4);
  if (!in.at_end()) in.expect(" ");
  in.rest();
  return more ? Kind::more : Kind::command;
}

class Parser {
 public:
  Parser(std::string_view text, Recording& out) : text_(text), out_(out) {}

  void parse() {
    if (text_.empty()) throw Error(ErrorKind::usage, out_.name + ": not a recording: it is empty");
    if (!next() || line_text_ != kRecordingVersion) {
      const bool other = line_text_.starts_with("cardwright recording ");
      fail(other ? "this version reads '" + std::string(kRecordingVersion) + "' only"
                 : "not a recording: its first line is not '" + std::string(kRecordingVersion) + "'");
    }
    bool more = next();
    while (more) {
      more = run();
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { LineScanner({}, out_.name, line_).fail(what); }

  /// The next line that is no comment and not empty; false at the end of the file.
  bool next() {
    while (!text_.empty()) {
      const size_t end = text_.find('\n');
      line_text_ = text_.substr(0, end);
      ++line_;
      if (end == std::string_view::npos) {
        fail(line_ == 1 ? "not a recording" : "the last line is cut: it has no line feed");
      }
      text_.remove_prefix(end + 1);
      if (line_text_.empty() || line_text_[0] == '#') continue;
      if (std::any_of(line_text_.begin(), line_text_.end(), [](char c) { return c < ' ' || c > '~'; })) {
        fail("only printable ASCII outside of comments");
      }
      return true;
    }
    return false;
  }

  LineScanner scan() const { return {line_text_, out_.name, line_}; }

  /// The head line `word`; leaves the next one.
  template <class Read>
  void head_line(std::string_view word, Read read) {
    LineScanner in = scan();
    in.expect(word);
    read(in);
    in.end();
    if (!next()) {
      ++line_;
      fail("the recording is cut: it ends in the head of a run");
    }
  }

  void argument(LineScanner& in, RecordingHead& head) {
    using Type = RecordedArgument::Type;
    RecordedArgument out;
    out.name = in.quoted();
    in.expect(" ");
    if (in.take("string ")) {
      out.type = Type::string;
      out.text = in.quoted();
    } else if (in.take("key ")) {
      out.type = Type::key;
      out.text = in.quoted();
    } else if (in.take("bytes")) {
      out.type = Type::bytes;
      if (in.take(" ")) out.bytes = in.hex(1, kAnswerLimit);
    } else if (in.take("integer ")) {
      out.type = Type::integer;
      out.number = in.integer();
    } else if (in.take("boolean ")) {
      out.type = Type::boolean;
      out.number = in.take("true") ? 1 : (in.expect("false"), 0);
    } else if (in.take("secret ")) {
      out.type = Type::secret;
      out.number = static_cast<int64_t>(in.left_out(kAnswerLimit));
    } else {
      in.expect("cap ");
      out.type = Type::cap;
      out.text = in.quoted();
      in.expect(" ");
      out.bytes = in.hex(32, 32);
    }
    if (!head.arguments.empty() && head.arguments.back().name >= out.name) {
      in.fail("arguments are given once each, in the order of their names");
    }
    head.arguments.push_back(std::move(out));
  }

  /// A run, from its first line to the first of the next; false: there is none.
  bool run() {
    RecordedRun& run = out_.runs.emplace_back();
    run.line = line_;
    RecordingHead& head = run.head;
    head_line("run ", [&](LineScanner& in) { head.flow = in.quoted(); });
    head_line("card ", [&](LineScanner& in) { head.card = in.quoted(); });
    head_line("flavor ", [&](LineScanner& in) { head.flavor = in.quoted(); });
    head_line("bundle ", [&](LineScanner& in) { head.bundle = in.rest(); });
    head_line("policy ", [&](LineScanner& in) {
      head.policy = in.quoted();
      in.expect(" ");
      head.policy_hash = in.rest();
    });
    if (line_text_ == "all answers") head_line("all answers", [&](LineScanner&) { head.all_answers = true; });
    while (line_text_.starts_with("argument ")) {
      head_line("argument ", [&](LineScanner& in) { argument(in, head); });
    }
    for (;;) {
      if (line_text_.starts_with("run ")) return true;  // the one before was not finished
      run.lines.push_back(body_line(run));
      const bool ended = run.lines.back().kind == Kind::end;
      if (!next()) return false;
      if (ended) return true;
    }
  }

  RecordedLine body_line(const RecordedRun& run) {
    RecordedLine line;
    line.line = line_;
    const size_t arrow = line_text_.find(kArrow);
    line.request = std::string(line_text_.substr(0, arrow));
    LineScanner request(line.request, out_.name, line_);
    line.kind = read_request(request);
    request.end();
    if (arrow != std::string_view::npos) {
      std::string_view after = line_text_.substr(arrow + kArrow.size());
      if (!after.empty() && after[0] == ' ') after.remove_prefix(1);
      LineScanner reply(after, out_.name, line_);
      line.reply = read_reply(reply, line.kind);
      reply.end();
    }
    check_order(line, run);
    // What follows from it being written in one way only: two lines are the same exactly when they say the same.
    std::string written = line_text(line);
    written.pop_back();
    if (written != line_text_) fail("not as cardwright writes it, which is: " + written);
    return line;
  }

  void check_order(const RecordedLine& line, const RecordedRun& run) const {
    const bool silent = line.kind == Kind::attempt || line.kind == Kind::wait || line.kind == Kind::step;
    if (!silent && std::holds_alternative<std::monostate>(line.reply)) fail("expected ' => ' and what came back");
    const Kind before = run.lines.empty() ? Kind::failed : run.lines.back().kind;
    if (line.kind == Kind::attempt) {
      if (before != Kind::failed) fail("an attempt begins a run, or follows one that failed");
    } else if (before == Kind::failed && line.kind != Kind::end) {
      fail("expected an attempt");
    }
    if (line.kind == Kind::more && before != Kind::command && before != Kind::more) fail("no plan is here to go on");
    const bool no_answer = std::holds_alternative<NoAnswer>(line.reply);
    // What a channel was to be opened after, and the opening itself, are not sent where something ahead of them
    // stopped.
    const bool first = line.kind == Kind::command || line.kind == Kind::open;
    if (no_answer && first && before != Kind::command && before != Kind::more) fail("nothing is here that stopped it");
    if (no_answer && !first && line.kind != Kind::more) fail("only a command may have no answer");
    if (line.kind == Kind::more && !no_answer && !std::holds_alternative<RecordedAnswer>(run.lines.back().reply)) {
      fail("an answer comes after a command of the same plan that has none");
    }
    if (line.kind == Kind::more && std::holds_alternative<Error>(line.reply)) {
      fail("the error of a plan stands with its first command");
    }
  }

  std::string_view text_;
  Recording& out_;
  std::string_view line_text_{};
  size_t line_ = 0;
};

}  // namespace

Recording Recording::parse(std::string_view text, std::string name) {
  Recording out;
  out.name = std::move(name);
  Parser(text, out).parse();
  return out;
}

Recording Recording::load(const std::filesystem::path& file) {
  const Bytes content = read_file(file, kFileLimit);
  return parse(text_view(content), file.string());
}

}  // namespace cw::engine
