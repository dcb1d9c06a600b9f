#include "answer_text_private.h"
#include "base/error.h"
#include "net/server_request.h"
#include "pending_private.h"

namespace cw::net {

Reply& Reply::operator=(Reply&& other) noexcept {
  if (this != &other) {
    drop();
    pending_ = std::move(other.pending_);
  }
  return *this;
}

Reply::~Reply() { drop(); }

void Reply::drop() {
  if (pending_) pending_->answer(std::nullopt);
}

void Reply::send(ServerAnswer answer) {
  check_answer(answer);
  if (!pending_ || !pending_->answer(std::move(answer))) {
    throw Error(ErrorKind::usage, "cannot answer an HTTP request: it was answered before");
  }
}

bool Reply::gone() const { return !pending_ || pending_->gone(); }

void Reply::on_gone(std::function<void()> then) {
  if (pending_) pending_->on_gone(std::move(then));
}

}  // namespace cw::net
