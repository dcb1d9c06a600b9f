// The breaker: when failures come one after the other, something other than the cards is wrong, and each further card
// may be spoiled. It counts over all readers, and for each reader too: one bad reader among good ones is taken out, as
// the successes of the others would hide it.
//
// Owner: one batch. One thread at a time.
#pragma once

#include <cstddef>
#include <vector>

namespace cw::batch {

class Breaker {
 public:
  enum class Verdict { go_on, stop_reader, stop_all };

  /// `limit`: so many failures in a row; 0: never.
  Breaker(unsigned limit, size_t readers) : limit_(limit), of_reader_(readers) {}

  Verdict success(size_t reader) {
    in_a_row_ = 0;
    of_reader_[reader] = 0;
    return Verdict::go_on;
  }
  Verdict failure(size_t reader) {
    ++in_a_row_;
    ++of_reader_[reader];
    if (limit_ == 0) return Verdict::go_on;
    if (in_a_row_ >= limit_) return Verdict::stop_all;
    return of_reader_[reader] >= limit_ ? Verdict::stop_reader : Verdict::go_on;
  }

 private:
  unsigned limit_;
  unsigned in_a_row_ = 0;
  std::vector<unsigned> of_reader_;
};

}  // namespace cw::batch
