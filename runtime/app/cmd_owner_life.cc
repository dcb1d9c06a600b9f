// What becomes of an owner that is a provider: registered, reviewed, approved, suspended, deregistered.
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "app/desk_place.h"
#include "app/json_text.h"
#include "app/moment.h"
#include "app/table.h"
#include "app/terminal.h"
#include "app/version_swap.h"
#include "base/error.h"
#include "cmd_owner_private.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;
using service::Ask;

struct Options {
  DeskPlace place{};
  std::string name{};
  std::optional<std::string> organisation{}, contact{}, remarks{};
  std::string from{}, until{}, reason{}, to{};
  bool again = false, accept = false, refuse = false, stop_runs = false, json = false;
};

using Words = std::map<std::string, std::string>;

void put_contact(Words& words, const Options& options) {
  if (options.organisation) words["organisation"] = *options.organisation;
  if (options.contact) words["contact"] = *options.contact;
  if (options.remarks) words["remarks"] = *options.remarks;
}

/// Of one that is approved: from when on, or since when no more.
std::string unmanaged_text(const ordered_json& it) {
  const int64_t from = it.at("from").get<int64_t>();
  if (from > now_ms()) return "nothing of it is managed before its period begins, on " + utc_text(from);
  return "nothing of it is managed, since its period ended on " + utc_text(it.at("until").get<int64_t>()) +
         "; cardwright owner approve gives it a new one";
}

/// What was done is one line; `then` says what that means, where it is managed, or is not to be.
ExitStatus change(Ask ask, const Options& options, Words words, const std::string& done, const std::string& then) {
  want_one_line(options.reason);
  if (!options.reason.empty()) words["reason"] = options.reason;
  words[ask == Ask::owner_register ? "name" : "owner"] = options.name;
  const ordered_json it = options.place.answer({ask, std::move(words), {}});
  if (text_in(it, "state") == "approved" && !it.value("managed", true)) {
    std::cout << printable("owner " + options.name + " is " + done + ": " + unmanaged_text(it)) << std::endl;
    return ExitStatus::ok;
  }
  std::cout << printable("owner " + options.name + " is " + done + (then.empty() ? "" : ": " + then)) << std::endl;
  return ExitStatus::ok;
}

ExitStatus enter(const Options& options) {
  Words words;
  put_contact(words, options);
  if (options.again) words["again"] = "yes";
  return change(Ask::owner_register, options, words, "registered", "nothing of it is managed until it is approved");
}

ExitStatus review(const Options& options) {
  if (options.accept == options.refuse) throw Error(ErrorKind::usage, "say what came of it: --accept, or --refuse");
  return change(Ask::owner_review, options, {{"outcome", options.accept ? "accept" : "refuse"}},
                options.accept ? "accepted" : "refused",
                options.accept ? "cardwright owner approve gives it a period" : "nothing of it is managed");
}

ExitStatus approve(const Options& options) {
  Words words{{"until", options.until}};
  if (!options.from.empty()) words["from"] = options.from;
  return change(Ask::owner_approve, options, words, "approved", "what it has is managed while its period runs");
}

ExitStatus update(const Options& options) {
  Words words;
  put_contact(words, options);
  if (words.empty()) throw Error(ErrorKind::usage, "say what is to change: --organisation, --contact or --remarks");
  return change(Ask::owner_update, options, words, "updated", "");
}

ExitStatus suspend(const Options& options) {
  return change(Ask::owner_suspend, options, {}, "suspended",
                "its runs stop before their next step and can be resumed once it is, and nothing of it begins");
}

ExitStatus resume(const Options& options) {
  return change(Ask::owner_resume, options, {}, "resumed", "runs that stopped go on with cardwright runs resume");
}

ExitStatus deregister(const Options& options) {
  Words words;
  if (!options.to.empty()) words["to"] = options.to;
  if (options.stop_runs) words["stop_runs"] = "yes";
  return change(Ask::owner_deregister, options, words, "deregistered", "its name, its runs and its records stay");
}

void row(Table& table, const char* name, const std::string& text) {
  if (!text.empty()) table.rows.push_back({name, text});
}

/// "approved from ... until ...", with whoever said so and why.
std::string state_text(const ordered_json& it) {
  std::string out = text_in(it, "state");
  const int64_t from = it.at("from").get<int64_t>();
  const int64_t until = it.at("until").get<int64_t>();
  if (from != 0) out += " from " + utc_text(from) + (until == 0 ? ", no end" : " until " + utc_text(until));
  if (const std::string why = text_in(it, "reason"); !why.empty()) out += " (" + why + ")";
  return out;
}

ExitStatus show(const Options& options) {
  const ordered_json it = options.place.answer({Ask::owner_show, {{"owner", options.name}}, {}});
  if (options.json) {
    print_json(it);
    return ExitStatus::ok;
  }
  const Terminal terminal = Terminal::of(STDOUT_FILENO);
  Table about;
  about.columns = {"", ""};
  row(about, "owner", text_in(it, "name"));
  row(about, "state", state_text(it));
  row(about, "managed", it.at("managed") == true ? "yes" : "no");
  row(about, "organisation", text_in(it, "organisation"));
  row(about, "contact", text_in(it, "contact"));
  row(about, "remarks", text_in(it, "remarks"));
  row(about, "cards", it.at("cards").dump());
  row(about, "runs under way", it.at("runs").dump());
  Table history;
  history.columns = {"since", "by", "it was"};
  for (const ordered_json& each : it.at("history")) {
    history.rows.push_back({utc_text(each.at("since").get<int64_t>()), text_in(each, "by"), state_text(each)});
  }
  std::cout << about.format(terminal) << '\n' << history.format(terminal) << std::flush;
  return ExitStatus::ok;
}

using Work = ExitStatus (*)(const Options&);

/// A command about one owner.
struct Made {
  CLI::App* command;
  std::shared_ptr<Options> options;
};
Made add_one(CLI::App& to, Action& action, const char* name, const char* what, Work work, const char* example) {
  auto options = std::make_shared<Options>();
  CLI::App* command = to.add_subcommand(name, what);
  options->place.add_store_to(*command);
  command->add_option("NAME", options->name, "the owner")->required()->type_name("");
  command->footer(std::string("Examples:\n  cardwright owner ") + example);
  command->callback([options, &action, work] { action = [options, work] { return work(*options); }; });
  return {command, options};
}

void add_contact(const Made& made) {
  made.command->add_option("--organisation", made.options->organisation, "who it is")->type_name("TEXT");
  made.command->add_option("--contact", made.options->contact, "whom to ask, and how to reach them")->type_name("TEXT");
  made.command->add_option("--remarks", made.options->remarks, "what else is to be known")->type_name("TEXT");
}

CLI::Option* add_reason(const Made& made) {
  return made.command
      ->add_option("--reason", made.options->reason, "why; it is kept with the owner and in the audit, so no secret")
      ->type_name("TEXT");
}

}  // namespace

void add_owner_life(CLI::App& owner, Action& action) {
  const Made shown = add_one(owner, action, "show", "What an owner is, and what it was", show,
                             "show acme\n  cardwright owner show acme --json");
  shown.command->add_flag("--json", shown.options->json, "one JSON object");

  const Made entered = add_one(owner, action, "register", "Keep a provider that is to be reviewed and approved", enter,
                               "register acme --organisation 'Acme Transit' --contact 'Ada, +49 30 1234'");
  add_contact(entered);
  entered.command->add_flag("--again", entered.options->again, "one that was deregistered is the same one again");

  const Made reviewed = add_one(owner, action, "review", "Say what came of looking into a provider", review,
                                "review acme --accept --reason 'licence and audit report seen'");
  reviewed.command->add_flag("--accept", reviewed.options->accept, "it may be approved");
  reviewed.command->add_flag("--refuse", reviewed.options->refuse, "it may not");
  add_reason(reviewed);

  const Made approved =
      add_one(owner, action, "approve", "Let a provider be managed for a period, or for a new one", approve,
              "approve acme --until 365d\n  cardwright owner approve acme --until 2031-01-01");
  approved.command->add_option("--until", approved.options->until, "2031-01-01, 365d from now, or none: without an end")
      ->required()
      ->type_name("TIME");
  approved.command->add_option("--from", approved.options->from, "when it begins (default: now)")->type_name("TIME");
  add_reason(approved);

  const Made updated = add_one(owner, action, "update", "Change what is known of an owner", update,
                               "update acme --contact 'Grace, +49 30 5678'");
  add_contact(updated);

  const Made suspended = add_one(owner, action, "suspend", "Let nothing of an owner be managed until it is resumed",
                                 suspend, "suspend acme --reason 'contract is looked into'");
  add_reason(suspended)->required();

  const Made resumed =
      add_one(owner, action, "resume", "End that, for what is left of its period", resume, "resume acme");
  add_reason(resumed);

  const Made gone = add_one(owner, action, "deregister", "Let an owner go for good; its records stay", deregister,
                            "deregister acme --to operator --stop-runs --reason 'contract ended'");
  gone.command
      ->add_option("--to", gone.options->to, "whose its cards and domains are from now on; operator: yours again")
      ->type_name("OWNER");
  gone.command->add_flag("--stop-runs", gone.options->stop_runs, "its runs end before their next step, for good");
  add_reason(gone);
}

}  // namespace cw::app
