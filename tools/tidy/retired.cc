// Retired names, which were replaced by the terms of the field. Each idea has another name now (the
// glossary in ARCHITECTURE.md); unchecked, an old name would return with the next edit of an old
// branch. Only identifiers are checked: in a sentence most of these words are plain English.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "tidy/rules.h"

namespace gridloom::tidy {
namespace {

struct RetiredName {
  std::string_view name;
  std::string_view instead;
  std::string_view folder = "";  // only there; empty: everywhere
};

constexpr std::array kRetired = std::to_array<RetiredName>({
    {"Fault", "Error"},
    {"FaultKind", "ErrorCode"},
    {"FaultOrder", "FaultRule"},
    {"Misdeed", "PlatformFault"},
    {"Misdeeds", "FaultInjector"},
    {"misdo", "apply_platform_faults"},
    {"misdoes", "injected"},
    {"Mistold", "FaultOverlay"},
    {"suffer", "apply_faults"},
    {"Trouble", "DeviceFault"},
    {"Asker", "ReplyTo"},
    {"Done", "Callback"},
    {"Ear", "TrafficTap"},
    {"Heard", "TrafficEvent"},
    {"Listening", "TapFilter"},
    {"Crowd", "ConnectionSet"},
    {"Pump", "ConnectionIo"},
    {"Seats", "PerKeyLimit"},
    {"Seat", "Permit"},
    {"Seldom", "LogThrottle"},
    {"Estate", "SessionTakeover in mqtt, Context in operations"},
    {"heir", "successor", "src/core/mqtt/"},
    {"Door", "ServerContext"},
    {"Line", "ConnectionContext", "src/core/net/"},
    {"Room", "ConnectionBudget", "src/core/net/"},
    {"How", "PublishOptions", "src/core/hub/"},
    {"Routed", "OutgoingMessage"},
    {"carriers", "transports", "src/core/hub/"},
    {"speaker", "active_transport", "src/core/hub/"},
    {"looked_at", "consume_credit", "src/core/hub/"},
    {"HeldLook", "HeldCredit"},
    {"Heads", "HeadBlocks"},
    {"Tail", "RecoveryScan"},
    {"BesideTail", "ParallelRecoveryScan"},
    {"Walker", "BucketAggregator"},
    {"Meters", "EnergySources"},
    {"Quantity", "EnergyFlow", "src/core/history/"},
    {"hold_log", "pin_log"},
    {"find_behind", "Slot"},
    {"untidy_at", "retry_after"},
    {"complained_at", "last_warned_at"},
    {"Course", "BenchmarkRun", "src/lab/bench/"},
    {"line_up", "wait_for_all", "src/lab/bench/"},
    {"Cast", "Actors"},
    {"Stage", "TestServer", "src/lab/transcripts/"},
    {"Player", "Runner", "src/lab/transcripts/"},
    {"Act", "Directive", "src/lab/transcripts/"},
    {"Shapes", "SchemaChecker", "src/lab/transcripts/"},
    {"Surroundings", "Environment"},
    {"felt", "with_faults"},
    {"Books", "EnergyBalance"},
    {"equip", "apply_initial"},
    {"Identities", "Invariants"},
    {"Fleets", "ShardedFleet"},
    {"Trim", "MallocTrimPolicy"},
    {"take_room_for", "charge_subscription"},
    {"give_room_back", "refund_subscription"},
    {"kBetweenLooks", "kIterationsPerClockRead"},
    {"is_held_up", "is_stalled"},
    {"tells_releases", "emits_releases"},
    {"marks_are_safe", "steps_are_logged"},
    {"on_their_way", "in_flight", "src/core/mqtt/"},
    {"each_quarters", "each_rollup"},
    {"StoreParts", "StoreChunks"},
    {"says_anything", "block_has_reports"},
    {"went_away", "disconnected", "src/core/history/"},
    {"are_whole", "is_intact"},
    {"with_cure", "with_remedy"},
    {"SeriesWords", "SeriesParameters"},
    {"EnergyQuestion", "EnergyRequest"},
    {"HistoryQuestion", "QuotaDataRequest"},
    {"MqttPlace", "BrokerAddress"},
    {"kRoomForHead", "kReservedForHead"},
    {"kept_as", "stored_number"},
    {"waits_no_longer", "stop_waiting"},
    {"AccountShares", "AccountBudgetTable"},
    {"AccountShare", "AccountBudgets"},
    {"Parting", "ConnectionEnd", "src/core/mqtt/"},
    {"parse_order", "parse_fault_rule"},
    {"check_order", "check_fault_rule"},
    {"order_fault", "add_fault_rule"},
    {"forget_old", "purge_expired"},
    {"write_down", "append_audit"},
    {"Cue", "DeviceAction"},
    {"KindPtr", "VirtualFamilyPtr"},
    {"Ledger", "EnergyTotals", "src/lab/sim/"},
    {"Growing", "MonotonicCounters"},
    {"mangles_reports", "malforms_reports"},
    {"HandClock", "SteppedClock"},
    {"take_complaints", "take_violations"},
    {"door_loop", "client_loop"},
    {"Teller", "LineFormatter"},
});

const RetiredName* find_retired(const Source& file, std::string_view name) {
  const auto* const found = std::ranges::find_if(
      kRetired, [&](const RetiredName& row) { return row.name == name && file.under(row.folder); });
  return found == kRetired.end() ? nullptr : found;
}

}  // namespace

void check_retired_names(const Tree& tree, Report& report) {
  for (const Source& file : tree.files()) {
    if (!file.is_cpp()) continue;
    for (const Token& token : file.tokens()) {
      const RetiredName* retired = find_retired(file, token.text);
      if (retired == nullptr) continue;
      report.at(file, token.offset, fmt::format("{} is a retired name", token.text),
                fmt::format("it is {} now", retired->instead));
    }
  }
}

}  // namespace gridloom::tidy
