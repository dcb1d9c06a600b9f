#include "issuer/desk.h"

#include "base/hex.h"
#include "base/log.h"
#include "base/suggest.h"
#include "crypto/digest.h"
#include "issuer/work.h"
#include "json_private.h"

namespace cw::issuer {

namespace {

constexpr size_t kManyApdus = 10'000;

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::policy, why); }

/// What a list goes on after.
bool goes_on(uint16_t sw) { return sw == 0x9000 || sw >> 8 == 0x61 || sw == 0x6310; }

std::string digest_of(const std::vector<Bytes>& answers) {
  Bytes all;
  for (const Bytes& one : answers) {
    append_be(all, one.size(), 4);
    append(all, one);
  }
  return to_hex(crypto::digest(crypto::Hash::sha256, all));
}

}  // namespace

Desk::Desk(Setup setup, Faults& faults)
    : setup_(std::move(setup)), faults_(faults), file_(setup_.configuration.state), state_(file_.load()) {}

Answer Desk::guarded(const std::string& what, const std::function<Answer()>& answer) {
  const std::lock_guard lock(mutex_);
  try {
    return answer();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::internal || error.kind() == ErrorKind::store) throw;
    log::warn(what + ": refused: " + error.message());
    Answer out;
    out.code = Code::abnormal;
    out.message = error.message();
    return out;
  }
}

const CardProfile& Desk::card(const std::string& se_id) const {
  const CardProfile* found = setup_.configuration.card(se_id);
  if (found == nullptr) refuse("seId " + shown(se_id) + " is none of this issuer's cards");
  return *found;
}

Operation Desk::operation(const std::string& word) const {
  const auto other = setup_.configuration.operations.find(word);
  const std::string& name = other == setup_.configuration.operations.end() ? word : other->second;
  std::vector<std::string> known;
  for (const Operation one : {Operation::create, Operation::lock, Operation::unlock, Operation::remove}) {
    if (to_text(one) == name) return one;
    known.emplace_back(to_text(one));
  }
  refuse("optType " + shown(word) + " is none that is known here" + did_you_mean(word, known));
}

Answer Desk::ssd(const Tenant& tenant, const SsdRequest& request) {
  return guarded(tenant.id + ": " + shown(request.operation), [&] {
    const CardProfile& profile = card(request.se_id);
    Task task;
    task.operation = operation(request.operation);
    task.id = to_hex(crypto::random_bytes(16));
    task.tenant = tenant.id;
    task.se_id = request.se_id;
    task.sd_aid = request.sd_aid;
    if (request.privileges) task.privileges = *request.privileges;
    task.scp = request.scp;
    task.expires = setup_.clock() / 1000 + setup_.configuration.task_life.count();
    Work(tenant, profile, *setup_.keys, state_, task, setup_.clock()).begin();
    forget_old();
    end_others(task);
    log::info("task " + task.id + " of " + tenant.id + ": " + std::string(to_text(task.operation)) + " " +
              to_hex(task.sd_aid) + " on " + task.se_id);
    Answer out = standing(task);
    state_.tasks.emplace(task.id, std::move(task));
    keep();
    return out;
  });
}

/// A card has one session, so one task at a time.
void Desk::end_others(const Task& task) {
  const int64_t now = setup_.clock() / 1000;
  for (auto& each : state_.tasks) {
    Task& other = each.second;
    if (other.se_id != task.se_id || !other.closed.empty() || other.expires <= now) continue;
    if (other.tenant != task.tenant) {
      refuse("another task goes on with this chip, for " + std::to_string(other.expires - now) +
             " s at most; try again then");
    }
    close(other, "a newer task of the same tenant took its chip");
  }
}

void Desk::forget_old() {
  const int64_t now = setup_.clock() / 1000;
  std::erase_if(state_.tasks,
                [&](const auto& each) { return each.second.expires + setup_.configuration.task_life.count() < now; });
}

void Desk::close(Task& task, const std::string& why) {
  task.closed = why;
  task.apdus.clear();
  task.ordered.clear();
  task.opening = {};
  log::info("task " + task.id + " of " + task.tenant + ": closed: " + why);
}

Answer Desk::standing(const Task& task) const {
  Answer out;
  out.apdus = task.apdus;
  out.task = task.id;
  return out;
}

Task& Desk::own_task(const Tenant& tenant, const CommandsRequest& request) {
  const auto found = state_.tasks.find(request.task);
  // One answer for both, so that nobody learns of the tasks of others.
  if (found == state_.tasks.end() || found->second.tenant != tenant.id) {
    refuse("taskId " + shown(request.task) + " is none of tenant " + tenant.id + "; it may have expired");
  }
  Task& task = found->second;
  if (task.se_id != request.se_id) refuse("task " + task.id + " is of another chip than seId " + shown(request.se_id));
  return task;
}

void Desk::check_number(const Task& task, const std::vector<Bytes>& answers) const {
  const size_t wanted = task.ordered.size(), got = answers.size();
  const std::string numbers = std::to_string(got) + " answers to " + std::to_string(wanted) + " commands";
  if (got > wanted) refuse("respList has " + numbers);
  if (got == 0) refuse("respList is empty");
  const auto sw = static_cast<uint16_t>(read_be(ByteView(answers.back()).last(2)));
  if (got < wanted && goes_on(sw)) {
    refuse("respList has " + numbers + ", and the last is " + to_hex16(sw) + ", after which a list goes on");
  }
}

Answer Desk::commands(const Tenant& tenant, const CommandsRequest& request) {
  Answer out = guarded(tenant.id + ": task " + shown(request.task), [&] {
    Task& task = own_task(tenant, request);
    const std::string digest = digest_of(request.answers);
    // The same again: the answer was lost.
    if (digest == task.last_answers && (task.done || task.closed.empty())) return standing(task);
    if (!task.closed.empty()) refuse("task " + task.id + " is closed: " + task.closed);
    const auto fail = [&](const Error& error) {
      close(task, error.message());
      keep();
    };
    try {
      if (faults_.take(FaultKind::expired_task, "commands")) task.expires = 0;
      if (task.expires <= setup_.clock() / 1000) refuse("task " + task.id + " has expired");
      check_number(task, request.answers);
      const CardProfile& profile = card(task.se_id);
      Work work(tenant, profile, *setup_.keys, state_, task, setup_.clock());
      work.go_on(request.answers);
      task.last_answers = digest;
      log::info("task " + task.id + " of " + tenant.id + ": round " + std::to_string(task.rounds) + ", " +
                std::to_string(task.apdus.size()) + " commands");
      if (task.apdus.empty()) {
        if (work.pushes_keys()) add_key_push(*state_.domain(task.se_id, task.sd_aid));
        if (task.operation == Operation::remove) {
          std::erase_if(state_.pushes, [&](const Push& one) {
            return one.kind == PushKind::keys && one.se_id == task.se_id && one.aid == task.sd_aid;
          });
        }
        close(task, "it is done");
        task.done = true;
      }
    } catch (const Error& error) {
      fail(error);
      throw;
    }
    keep();
    if (task.done && setup_.pushes) setup_.pushes();
    Answer answer = standing(task);
    if (!task.done && faults_.take(FaultKind::many_apdus, "commands")) {
      answer.apdus->assign(kManyApdus, "80CA00E000");
    }
    return answer;
  });
  out.task = request.task;  // also of a refusal
  return out;
}

void Desk::keep() {
  try {
    file_.save(state_);
  } catch (const Error& error) {
    log::error("the state cannot be kept: " + error.message());
    state_ = file_.load();
    refuse("this issuer cannot keep what it does just now; try again later");
  }
}

void Desk::with_state(const std::function<void(State&)>& change) {
  const std::lock_guard lock(mutex_);
  change(state_);
  keep();
}

void Desk::look(const std::function<void(const State&)>& at) const {
  const std::lock_guard lock(mutex_);
  at(state_);
}

}  // namespace cw::issuer
