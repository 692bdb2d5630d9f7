// `gridloom cluster`: how a cluster of nodes is, and giving up the slots of one of them.
#include <fmt/format.h>

#include <string>
#include <string_view>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/home_options.h"
#include "app/command_line/operation_command.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/control/admin_client.h"
#include "app/process/process.h"
#include "base/clock.h"
#include "time/grammar.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

struct ClusterArguments {
  HomeOptions server;
};

struct AllArguments {
  ClusterArguments status;
  ClusterArguments drain;
  AdminArguments remove;
};

const JsonArray& list_in(const Json& object, std::string_view name) {
  static const JsonArray kNone;
  const Json* list = wire::member(object, name);
  return list != nullptr && list->is_array() ? list->get_array() : kNone;
}

bool is_true(const Json& object, std::string_view name) {
  const Json* value = wire::member(object, name);
  return value != nullptr && *value == true;
}

std::string span_in(const Json& object, std::string_view name) {
  const auto ms = wire::whole_in(object, name);
  return ms ? time::rounded_span_text(Millis(*ms)) : std::string();
}

std::string numbers_in(const Json& object, std::string_view name) {
  std::string text;
  for (const Json& each : list_in(object, name)) {
    text += fmt::format("{}{}", text.empty() ? "" : " ", wire::to_text(each));
  }
  return text;
}

void print_nodes(const Json& status) {
  Table table({{.title = "NODE"},
               {.title = "PHASE"},
               {.title = "SLOTS"},
               {.title = "HEARD"},
               {.title = "VERSION"},
               {.title = "ADDRESS"}});
  for (const Json& node : list_in(status, "nodes")) {
    const bool is_this = member_text(node, "node") == member_text(status, "node");
    table.add({member_text(node, "node"), member_text(node, "phase"), numbers_in(node, "slots"),
               is_this ? "this node" : span_in(node, "heardMs") + " ago",
               member_text(node, "version"), member_text(node, "address")});
  }
  table.print();
}

void print_slots(const Json& status) {
  Table table({{.title = "SLOT", .align = Table::Align::kRight},
               {.title = "NODE"},
               {.title = "REVISION", .align = Table::Align::kRight},
               {.title = "SERVED"},
               {.title = "UNSTORED RECORDS", .align = Table::Align::kRight},
               {.title = "UNSTORED SESSIONS", .align = Table::Align::kRight}});
  for (const Json& slot : list_in(status, "slots")) {
    const bool is_served = is_true(slot, "served");
    const std::string span = span_in(slot, "unservedForMs");
    const std::string served = is_served      ? "yes"
                               : span.empty() ? "not known yet"
                                              : "not for " + span;
    table.add_styled({{.text = member_text(slot, "slot")},
                      {.text = member_text(slot, "node")},
                      {.text = member_text(slot, "revision")},
                      {.text = served, .style = is_served ? Style::kPlain : Style::kBad},
                      {.text = member_text(slot, "unstoredRecords")},
                      {.text = member_text(slot, "unstoredSessions")}});
  }
  table.print();
}

std::string link_text(const Json& link) {
  const std::string span = span_in(link, "forMs");
  const std::string since = span.empty() ? "" : fmt::format(" for {}", span);
  return is_true(link, "connected") ? "connected" + since : "away" + since;
}

void print_messages(const Json& status, std::string_view members, Style style,
                    std::string_view word) {
  for (const Json& each : list_in(status, members)) {
    fmt::print("{} {}\n", styled(fmt::format("{}:", word), style), wire::plain_text(each));
  }
}

int show(const ClusterArguments& a) {
  const auto status = administer(a.server, {{"op", "cluster.status"}});
  if (!status) return report_error(status.error());
  const bool is_good = is_true(*status, "good");
  if (a.server.json) {
    print_json(*status);
    return is_good ? 0 : kFailed;
  }
  print_nodes(*status);
  fmt::print("\n");
  print_slots(*status);
  fmt::print("\n");
  const Json* nats = wire::member(*status, "nats");
  const Json* postgres = wire::member(*status, "postgres");
  if (nats != nullptr) fmt::print("NATS: {}\n", link_text(*nats));
  if (postgres != nullptr) fmt::print("PostgreSQL: {}\n", link_text(*postgres));
  fmt::print("Transactions refused to a node that had lost its slot: {}\n",
             member_text(*status, "refusedTransactions"));
  print_messages(*status, "warnings", Style::kWarning, "Warning");
  print_messages(*status, "damage", Style::kBad, "Damage");
  print_messages(*status, "problems", Style::kBad, "Problem");
  return is_good ? 0 : kFailed;
}

int drain(const ClusterArguments& a) {
  const auto answer = administer(a.server, {{"op", "cluster.drain"}});
  if (!answer) return report_error(answer.error());
  const bool is_drained = is_true(*answer, "drained");
  if (a.server.json) {
    print_json(*answer);
  } else if (is_drained) {
    fmt::print("The node {} has no slot any more and takes none: it can be stopped.\n",
               member_text(*answer, "node"));
  } else {
    fmt::print(
        "The node {} has not given up all of its slots in time and goes on with it; `gridloom "
        "cluster status` shows them.\n",
        member_text(*answer, "node"));
  }
  print_warning(*answer);
  return is_drained ? 0 : kFailed;
}

}  // namespace

std::shared_ptr<void> add_cluster(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<AllArguments>();
  CLI::App* cluster =
      add_command(app, "cluster", "Shows a cluster of nodes, drains one, or takes one out");
  set_group(*cluster, group::kRun);
  set_examples(*cluster, {"gridloom cluster status", "gridloom cluster drain"});
  require_command_below(*cluster);
  const auto verb = [&](const std::string& name, const std::string& help, ClusterArguments& a,
                        int (*run)(const ClusterArguments&)) {
    CLI::App* made = add_command(*cluster, name, help);
    add_server_options(*made, a.server);
    add_json_option(*made, a.server.json);
    set_action(*made, chosen, [&a, run] { return run(a); });
    return made;
  };
  auto& [of_status, of_drain, of_remove] = *kept;
  // Tables, and exit codes.
  CLI::App* status =
      verb("status",
           operation_text("cluster.status") +
               "; exits with 0 when all slots are served, no node is missing, nothing "
               "fails and no damage is known, else with 1",
           of_status, show);
  set_examples(*status, {"gridloom cluster status", "gridloom cluster status --json"});
  CLI::App* drained = verb("drain", operation_text("cluster.drain"), of_drain, drain);
  set_examples(*drained, {"gridloom cluster drain --data /var/lib/gridloom"});
  CLI::App* removed = add_operation_command(
      *cluster, "remove", "cluster.remove", of_remove, chosen,
      {{.parameter = "node", .names = "node", .placeholder = placeholder::kName}});
  set_examples(*removed, {"gridloom cluster remove node3"});
  return kept;
}

}  // namespace gridloom::app
