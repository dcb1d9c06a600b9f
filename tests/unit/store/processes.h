// A second process for a story: it runs a function, and the two tell each other lines.
#pragma once

#include <array>
#include <functional>
#include <string>

#include <sys/types.h>

namespace cw::store {

/// The child's side.
class Pipes {
 public:
  Pipes(int in, int out) : in_(in), out_(out) {}
  void tell_parent(const std::string& line) const;
  std::string hear_parent() const;

 private:
  int in_;
  int out_;
};

/// Killed when it is dropped. The process has no threads when a child is made.
class Child {
 public:
  explicit Child(const std::function<int(const Pipes&)>& work);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void tell(const std::string& line) const;
  /// Its next line; empty if it ended.
  std::string hear() const;
  void signal(int number) const;
  /// Its exit status, or minus the signal that ended it.
  int wait();
  /// Until it is dead or stopped; nobody has asked for its exit status then.
  void wait_until_dead() const;
  void wait_until_stopped() const;

 private:
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
};

}  // namespace cw::store
