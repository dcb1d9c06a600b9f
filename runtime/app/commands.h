// The subcommands: each puts its options into the program and, when it is the one that was asked for, leaves in
// `action` what to do. One file each, cmd_*.cc.
#pragma once

#include <functional>

#include "app/exit_status.h"

namespace CLI {
class App;
}

namespace cw::app {

/// Raises Error; what it raises decides the exit status.
using Action = std::function<ExitStatus()>;

void add_run(CLI::App& program, Action& action);
void add_runs(CLI::App& program, Action& action);
void add_batch(CLI::App& program, Action& action);
void add_flows(CLI::App& program, Action& action);  // flows, flow info, check
void add_cap(CLI::App& program, Action& action);
void add_card(CLI::App& program, Action& action);
void add_readers(CLI::App& program, Action& action);
void add_send(CLI::App& program, Action& action);
void add_selftest(CLI::App& program, Action& action);
void add_test(CLI::App& program, Action& action);
void add_repl(CLI::App& program, Action& action);
void add_spec(CLI::App& program, Action& action);
void add_store(CLI::App& program, Action& action);
void add_audit(CLI::App& program, Action& action);
void add_budget(CLI::App& program, Action& action);
void add_outbox(CLI::App& program, Action& action);
void add_policy(CLI::App& program, Action& action);
void add_ticket(CLI::App& program, Action& action);
void add_domain(CLI::App& program, Action& action);
void add_owner(CLI::App& program, Action& action);
void add_keys(CLI::App& program, Action& action);
void add_agent(CLI::App& program, Action& action);
void add_bundle(CLI::App& program, Action& action);
void add_top(CLI::App& program, Action& action);
void add_serve(CLI::App& program, Action& action);
void add_sei(CLI::App& program, Action& action);
void add_keyserver(CLI::App& program, Action& action);
void add_ca(CLI::App& program, Action& action);

}  // namespace cw::app
