#include "card_host.h"

#include <array>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

namespace cw::journal {

namespace {

std::shared_mutex at_work;

bool read_all(int socket, std::span<uint8_t> data) {
  while (!data.empty()) {
    const ssize_t count = ::recv(socket, data.data(), data.size(), 0);
    if (count <= 0) return false;
    data = data.subspan(static_cast<size_t>(count));
  }
  return true;
}

}  // namespace

void write_message(int socket, char what, ByteView data) {
  Bytes message{static_cast<uint8_t>(what)};
  append_be(message, data.size(), 4);
  append(message, data);
  ByteView rest = message;
  while (!rest.empty()) {
    const ssize_t count = ::send(socket, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count <= 0) throw Error(ErrorKind::reader, "the other end is gone");
    rest = rest.subspan(static_cast<size_t>(count));
  }
}

bool read_message(int socket, char& what, Bytes& data) {
  std::array<uint8_t, 5> head;
  if (!read_all(socket, head)) return false;
  what = static_cast<char>(head[0]);
  data.resize(read_be(ByteView(head).subspan(1)));
  return read_all(socket, data);
}

CardHost::CardHost(std::shared_ptr<se::Card> card) : card_(std::move(card)), reader_(card_) {}

CardHost::~CardHost() {
  for (auto& [theirs, line] : lines_) {
    ::shutdown(line.ours, SHUT_RDWR);
    end(line);
  }
}

int CardHost::connect() {
  std::array<int, 2> ends;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw Error(ErrorKind::internal, "socketpair");
  }
  lines_[ends[1]].ours = ends[0];
  return ends[1];
}

void CardHost::answer_on(int line) {
  const int number = ++count_;
  Line& known = lines_.at(line);
  known.thread = std::thread([this, &known, number] {
    known.begun.release();
    serve(known.ours, number);
    known.may_end.acquire();
  });
  known.begun.acquire();
}

void CardHost::hang_up(int line) {
  const auto found = lines_.find(line);
  end(found->second);
  lines_.erase(found);
}

void CardHost::end(Line& line) {
  line.may_end.release();
  if (line.thread.joinable()) line.thread.join();
  ::close(line.ours);
}

std::unique_lock<std::shared_mutex> CardHost::quiet() { return std::unique_lock(at_work); }

std::vector<Seen> CardHost::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void CardHost::forget() {
  const std::lock_guard lock(mutex_);
  seen_.clear();
}

void CardHost::power_off() {
  const std::lock_guard lock(mutex_);
  card_->power_off();
  powered_ = false;
}

void CardHost::serve(int ours, int number) {
  pollfd asked{ours, POLLIN, 0};
  while (::poll(&asked, 1, -1) == 1) {
    const std::shared_lock lock(at_work);
    char what = 0;
    Bytes data;
    if (!read_message(ours, what, data)) return;
    try {
      answer(ours, number, what, data);
    } catch (const Error&) {
      // Who asked is gone already.
    }
  }
}

void CardHost::answer(int ours, int number, char what, const Bytes& data) {
  const std::lock_guard lock(mutex_);
  if (what == 'A') {
    write_message(ours, powered_ ? 'Y' : 'N', {});
    return;
  }
  seen_.push_back({number, what == 'R' ? Bytes() : data, {}});
  try {
    Bytes back = what == 'R' ? reader_.reset() : reader_.transmit(data);
    seen_.back().answer = back;
    powered_ = true;
    write_message(ours, what, back);
  } catch (const Error& error) {
    powered_ = card_->powered();
    write_message(ours, 'X', view(error.message()));
  }
}

Bytes HostedReader::ask(char what, ByteView data) {
  const bool counts = what != 'A';
  if (counts && sending) sending();
  write_message(socket_, what, data);
  if (counts && sent) sent();
  char got = 0;
  Bytes answer;
  if (!read_message(socket_, got, answer)) throw Error(ErrorKind::reader, "the card is gone");
  if (counts && answered) answered();
  if (got == 'X') throw Error(ErrorKind::reader, to_string(answer));
  if (what == 'A') answer = {static_cast<uint8_t>(got)};
  return answer;
}

}  // namespace cw::journal
