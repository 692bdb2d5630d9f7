#include "app/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <limits>
#include <type_traits>

namespace gridloom::app {
namespace {

constexpr std::int64_t kMany = 10'000'000;
constexpr std::int64_t kKilobyte = 1024;
constexpr std::int64_t kGigabyte = std::int64_t{1024} * 1024 * 1024;
constexpr std::int64_t kDay_ms = std::int64_t{24} * 3600 * 1000;
constexpr std::int64_t kShort = std::numeric_limits<std::uint16_t>::max();
constexpr std::int64_t kDeep = 1000;  // what parsers that call themselves may stand on

// The least values are such that the platform still works for somebody.
constexpr auto kLimits = std::to_array<Limit>({
    // --- the four listeners ---
    {"door.connections", "connections", 1, kMany,
     "open at a time, of one listener; all of them share what files the process may open, each "
     "sure of a tenth; when all are taken, one that has not signed in makes room, or else one of "
     "the account that has the most, for one that has fewer",
     [](Limits& l) -> LimitField { return &l.doors.connections; }},
    {"door.connections-per-address", "connections", 0, kMany,
     "open at a time from one peer's address, of one listener; 0: any number",
     [](Limits& l) -> LimitField { return &l.doors.connections_per_address; }},
    {"door.strangers-bytes", "bytes", 64 * kKilobyte, 64 * kGigabyte,
     "of incomplete requests and packets, beyond 4 KB each, of all connections that have not "
     "signed "
     "in; one that sends more is cut off",
     [](Limits& l) -> LimitField { return &l.strangers_bytes; }},
    {"door.unsent-bytes", "bytes", 64 * kKilobyte, kGigabyte,
     "of output that a peer has not taken; with more its connection is cut off",
     [](Limits& l) -> LimitField { return &l.doors.unsent_bytes; }},
    {"door.unsent-ms", "ms", 100, kDay_ms,
     "for a piece of output that the peer does not take; then its connection is cut off",
     [](Limits& l) -> LimitField { return &l.doors.unsent_time; }},
    {"door.failures-per-minute", "failures", 0, kMany,
     "of one address: sign-ins and signatures that are wrong; then its attempts are refused unread "
     "(429, CONNACK connection rate exceeded) as long as the budget takes to come back; a loopback "
     "address has 50 times as many; 0: any number",
     [](Limits& l) -> LimitField { return &l.failures_per_minute; }},
    {"door.handshake-ms", "ms", 100, kDay_ms, "for a TLS handshake",
     [](Limits& l) -> LimitField { return &l.doors.handshake_time; }},
    {"door.close-ms", "ms", 100, kDay_ms, "for the peer's answer to the end of TLS",
     [](Limits& l) -> LimitField { return &l.doors.close_time; }},

    // --- HTTP ---
    {"http.header-bytes", "bytes", 256, 64 * kKilobyte, "of a request's line and headers; else 431",
     [](Limits& l) -> LimitField { return &l.http.header_bytes; }},
    {"http.body-bytes", "bytes", 256, kGigabyte, "of a request's body; else 413",
     [](Limits& l) -> LimitField { return &l.http.body_bytes; }},
    {"http.request-ms", "ms", 100, kDay_ms, "from a request's first byte to its last; else 408",
     [](Limits& l) -> LimitField { return &l.http.request_time; }},
    {"http.idle-ms", "ms", 100, kDay_ms, "between two requests; then the connection ends",
     [](Limits& l) -> LimitField { return &l.http.idle_time; }},
    {"http.requests-per-second", "requests", 0, kMany,
     "of one access key, so many at once; else 429 with Retry-After; 0: any number",
     [](Limits& l) -> LimitField { return &l.requests_per_second; }},
    {"http.query-bytes", "bytes", 64, 64 * kKilobyte, "of a query; else 1008",
     [](Limits& l) -> LimitField { return &l.signing.query_bytes; }},
    {"http.parameters", "parameters", 1, wire::kMostQueryPairs,
     "of a request, in its query or flattened from its body; else 1008",
     [](Limits& l) -> LimitField { return &l.signing.parameters; }},
    {"http.signed-bytes", "bytes", kKilobyte, kGigabyte,
     "of a request's parameters when they are flattened to be signed; else 1008",
     [](Limits& l) -> LimitField { return &l.signing.canonical_bytes; }},
    {"http.signed-growth", "bytes", 1, 1000,
     "of a request's flattened parameters for each byte of its body, beside the first 16384; else "
     "1008",
     [](Limits& l) -> LimitField { return &l.signing.growth; }},
    {"http.reordered-parameters", "parameters", 16, wire::kMostQueryPairs,
     "of a request whose signature is tried in every order that clients use; with more the "
     "parameters must be sorted by their flattened names",
     [](Limits& l) -> LimitField { return &l.signing.reordered; }},
    {"http.nonce-bytes", "bytes", 8, kKilobyte, "of the header nonce; else 8521",
     [](Limits& l) -> LimitField { return &l.signing.nonce_bytes; }},
    {"http.json-depth", "levels", 4, kDeep, "of a body's JSON; else 1008",
     [](Limits& l) -> LimitField { return &l.signing.json.depth; }},
    {"http.json-keys", "keys", 16, kMany, "of a body's JSON, all its objects together; else 1008",
     [](Limits& l) -> LimitField { return &l.signing.json.keys; }},

    // --- MQTT over WebSocket ---
    {"web-socket.message-bytes", "bytes", kKilobyte, kGigabyte,
     "of one WebSocket message, all its frames; else it closes with 1009",
     [](Limits& l) -> LimitField { return &l.http.web_socket.message_bytes; }},
    {"web-socket.output-bytes", "bytes", kKilobyte, kGigabyte,
     "framed ahead of the socket; with more nothing is read",
     [](Limits& l) -> LimitField { return &l.http.web_socket.output_bytes; }},
    {"web-socket.close-ms", "ms", 100, kDay_ms, "for the peer's Close after ours",
     [](Limits& l) -> LimitField { return &l.http.web_socket.close_time; }},

    // --- MQTT ---
    {"mqtt.sessions-per-user", "sessions", 1, kMany,
     "of one user name (an account's certificate, a gateway, a device), connected or kept; else "
     "CONNACK quota exceeded",
     [](Limits& l) -> LimitField { return &l.sessions.sessions; }},
    {"mqtt.kept-sessions-per-user", "sessions", 0, kMany,
     "of these, ones that outlive their connection; else CONNACK quota exceeded",
     [](Limits& l) -> LimitField { return &l.sessions.kept_sessions; }},
    {"mqtt.session-expiry-s", "s", 0, std::numeric_limits<std::uint32_t>::max() - 1,
     "that a session is kept after its connection; clients are told",
     [](Limits& l) -> LimitField { return &l.sessions.session_expiry_s; }},
    {"mqtt.subscriptions", "subscriptions", 1, kMany, "of one session; else SUBACK quota exceeded",
     [](Limits& l) -> LimitField { return &l.sessions.subscriptions; }},
    {"mqtt.sessions-per-account", "sessions", 1, kMany,
     "of all users of one account, connected or kept; else CONNACK quota exceeded",
     [](Limits& l) -> LimitField { return &l.sessions.account.sessions; }},
    {"mqtt.filter-bytes-per-account", "bytes", kKilobyte, 64 * kGigabyte,
     "of all its sessions' subscriptions, each of which counts as 512 and four times its filter; "
     "else SUBACK quota exceeded",
     [](Limits& l) -> LimitField { return &l.sessions.account.filter_bytes; }},
    {"mqtt.queued-bytes-per-account", "bytes", kKilobyte, 64 * kGigabyte,
     "of messages that wait for its clients or are on their way to them; with more, messages are "
     "dropped",
     [](Limits& l) -> LimitField { return &l.sessions.account.queued_bytes; }},
    {"mqtt.all-queued-bytes", "bytes", kKilobyte, 1024 * kGigabyte,
     "of these, of all accounts, beside 4 MB that are each account's own",
     [](Limits& l) -> LimitField { return &l.sessions.account.all_queued_bytes; }},
    {"mqtt.connect-ms", "ms", 100, kDay_ms, "from the connection to its CONNECT",
     [](Limits& l) -> LimitField { return &l.mqtt.connect_timeout; }},
    {"mqtt.packet-bytes", "bytes", kKilobyte, 256 * kKilobyte* kKilobyte,
     "of a packet; else DISCONNECT packet too large",
     [](Limits& l) -> LimitField { return &l.mqtt.packet_bytes; }},
    {"mqtt.held-bytes", "bytes", kKilobyte, kGigabyte,
     "sent behind a CONNECT before it is answered",
     [](Limits& l) -> LimitField { return &l.mqtt.held_bytes; }},
    {"mqtt.output-bytes", "bytes", kKilobyte, kGigabyte, "encoded ahead of the socket",
     [](Limits& l) -> LimitField { return &l.mqtt.output_bytes; }},
    {"mqtt.queue-messages", "messages", 1, kMany,
     "that wait for a client which does not read; with more, messages are dropped",
     [](Limits& l) -> LimitField { return &l.mqtt.queue_messages; }},
    {"mqtt.queue-bytes", "bytes", kKilobyte, kGigabyte,
     "of them, with their properties; and of those that a client has not acknowledged",
     [](Limits& l) -> LimitField { return &l.mqtt.queue_bytes; }},
    {"mqtt.client-id-bytes", "bytes", 23, kShort, "of a client id",
     [](Limits& l) -> LimitField { return &l.mqtt.client_id_bytes; }},
    {"mqtt.topic-bytes", "bytes", 128, kShort, "of a topic or a filter",
     [](Limits& l) -> LimitField { return &l.mqtt.topic_bytes; }},
    {"mqtt.topic-levels", "levels", 8, kShort, "of a topic or a filter",
     [](Limits& l) -> LimitField { return &l.mqtt.topic_levels; }},
    {"mqtt.filters-per-packet", "filters", 4, kMany, "in one SUBSCRIBE or UNSUBSCRIBE",
     [](Limits& l) -> LimitField { return &l.mqtt.filters_per_packet; }},
    {"mqtt.properties", "properties", 16, kMany,
     "of one packet of version 5, user properties included; else DISCONNECT quota exceeded",
     [](Limits& l) -> LimitField { return &l.mqtt.properties; }},
    {"mqtt.in-flight", "messages", 1, kShort,
     "of QoS 1 and 2 on their way to a client, if it allows as many",
     [](Limits& l) -> LimitField { return &l.mqtt.in_flight; }},
    {"mqtt.receive-maximum", "messages", 1, kShort,
     "of QoS 1 and 2 from a client that are not acknowledged yet",
     [](Limits& l) -> LimitField { return &l.mqtt.receive_maximum; }},
    {"mqtt.keepalive-s", "s", 0, std::numeric_limits<std::uint16_t>::max(),
     "without a word from a client of version 5, which is told; 0: as it asks",
     [](Limits& l) -> LimitField { return &l.mqtt.keepalive_s; }},
    {"mqtt.topic-aliases", "aliases", 0, kShort, "of a client's topics, in version 5",
     [](Limits& l) -> LimitField { return &l.mqtt.topic_alias_maximum; }},
    {"mqtt.out-topic-aliases", "aliases", 0, kShort,
     "of topics to a client, if it allows as many, in version 5",
     [](Limits& l) -> LimitField { return &l.mqtt.out_topic_alias_maximum; }},
    {"mqtt.retained-bytes", "bytes", kKilobyte, 64 * kGigabyte,
     "of retained messages, of one shard (there is one a thread)",
     [](Limits& l) -> LimitField { return &l.hub.retained_bytes; }},
    {"mqtt.retained-bytes-per-account", "bytes", kKilobyte, 64 * kGigabyte,
     "of these, of one account and its devices; 256 KB of them no other account can take",
     [](Limits& l) -> LimitField { return &l.hub.account_retained_bytes; }},

    // --- history ---
    {"history.commit-ms", "ms", 0, 10'000,
     "that a record waits at most for others to be written to the disk with it; longer spares an "
     "SD "
     "card, and acknowledgements wait as long",
     [](Limits& l) -> LimitField { return &l.history.log.commit; }},
    {"history.commit-bytes", "bytes", kKilobyte, kGigabyte, "after which it waits no longer",
     [](Limits& l) -> LimitField { return &l.history.log.commit_bytes; }},
    {"history.waiting-bytes", "bytes", 64 * kKilobyte, 64 * kGigabyte,
     "for the disk; with more nothing is read from who publishes",
     [](Limits& l) -> LimitField { return &l.history.log.waiting_bytes; }},
    {"history.written-bytes-per-account", "bytes", 0, 64 * 1024 * kGigabyte,
     "that the devices and apps of one account may write into the log in a day; with more all of "
     "them are read from as slowly as a day's worth comes back; 0: any number",
     [](Limits& l) -> LimitField { return &l.sessions.account.flow.written_bytes_a_day; }},
    {"history.segment-bytes", "bytes", 64 * kKilobyte, kGigabyte, "of a file of the log",
     [](Limits& l) -> LimitField { return &l.history.log.segment_bytes; }},
    {"history.head-bytes", "bytes", 64 * kKilobyte, 64 * kGigabyte,
     "of reports in memory that are not blocks yet; with more their hours are stored in parts",
     [](Limits& l) -> LimitField { return &l.history.head_bytes; }},
    {"history.grace-ms", "ms", 0, kDay_ms,
     "after the end of an hour, before it is made a block: for reports that are late",
     [](Limits& l) -> LimitField { return &l.history.grace; }},
    {"history.reads", "requests", 1, kMany,
     "of one account that wait for an answer from history; else 503 with Retry-After",
     [](Limits& l) -> LimitField { return &l.history.reads.entries; }},
    {"history.reads-at-once", "requests", 1, kMany,
     "of these that are worked on in turn; the account's others wait, in their order",
     [](Limits& l) -> LimitField { return &l.history.reads.at_once; }},
    {"history.names", "names", 1, kMany, "of fields in one question to history; else 1008",
     [](Limits& l) -> LimitField { return &l.series.names; }},
    {"history.fields", "fields", 1, kMany,
     "that these names stand for, with those that end in *; else 1008",
     [](Limits& l) -> LimitField { return &l.series.fields; }},
    {"history.points", "points", 10, kMany,
     "of an answer, all its fields together, or values if there is no step; else 1008",
     [](Limits& l) -> LimitField { return &l.series.points; }},
    {"history.plot-points", "points", 3, kMany, "that a plot of a field may ask for; else 1008",
     [](Limits& l) -> LimitField { return &l.series.plot_points; }},
    {"history.raw-days", "days", 0, kMany,
     "that reports are kept as they came; then the statistics of each quarter of an hour are; 0: "
     "for ever",
     [](Limits& l) -> LimitField { return &l.history.keep.raw_days; }},
    {"history.quarter-days", "days", 0, kMany,
     "that the statistics of quarters of an hour are kept; 0: for ever; energies always are",
     [](Limits& l) -> LimitField { return &l.history.keep.quarter_days; }},
    {"history.audit-days", "days", 0, kMany, "that the audit is kept; 0: for ever",
     [](Limits& l) -> LimitField { return &l.history.keep.audit_days; }},
    {"mqtt.json-depth", "levels", 4, kDeep, "of a set, a get or a reply",
     [](Limits& l) -> LimitField { return &l.hub.json.depth; }},
    {"mqtt.json-keys", "keys", 16, kMany, "of a set, a get or a reply, all its objects together",
     [](Limits& l) -> LimitField { return &l.hub.json.keys; }},

    // --- devices ---
    {"device.report-depth", "levels", 4, kDeep, "of a report; else it is counted as malformed",
     [](Limits& l) -> LimitField { return &l.hub.report.depth; }},
    {"device.report-keys", "keys", 16, kMany,
     "of a report, all its objects together; else it is counted as malformed",
     [](Limits& l) -> LimitField { return &l.hub.report.members; }},
    {"device.extra-quotas", "quotas", 0, kMany, "kept of a device that its family does not declare",
     [](Limits& l) -> LimitField { return &l.hub.twin.extra_quotas; }},
    {"device.extra-bytes", "bytes", 0, kGigabyte, "of their names and values",
     [](Limits& l) -> LimitField { return &l.hub.twin.extra_bytes; }},
    {"device.pending-sets", "sets", 1, kMany,
     "that a device has not answered; else 6012. Who has it shared leaves half of them to its "
     "owner",
     [](Limits& l) -> LimitField { return &l.hub.pending_sets; }},
    {"device.asked-quotas", "quotas", 1, kMany, "asked for in one request; else 1008",
     [](Limits& l) -> LimitField { return &l.hub.asked_quotas; }},

    // --- replays, where --replay-check holds ---
    {"replay.window-ms", "ms", 1000, kDay_ms,
     "between the timestamp of a set or a certification request and the server's time, either way; "
     "else 8521",
     [](Limits& l) -> LimitField { return &l.guard.window; }},
    {"replay.remembered-requests", "requests", 1, kMany,
     "of these, of one access key within that window; beyond, this key is refused (8521) and no "
     "other",
     [](Limits& l) -> LimitField { return &l.guard.remembered; }},

    // --- strict mode ---
    {"strict.window-ms", "ms", 1000, kDay_ms,
     "between a request's timestamp and the server's time, either way; else 8521",
     [](Limits& l) -> LimitField { return &l.replays.window; }},
    {"strict.remembered-requests", "requests", 1, kMany,
     "of one access key within that window; beyond, this key is refused (8521) and no other",
     [](Limits& l) -> LimitField { return &l.replays.remembered; }},
    {"strict.client-ids-a-day", "client ids", 1, kMany,
     "of an account's certificate; else CONNACK not authorized",
     [](Limits& l) -> LimitField { return &l.client_ids_a_day; }},
});

Status put_into(Limits& limits, std::string_view setting) {
  const std::size_t equals = setting.find('=');
  const std::string_view name = setting.substr(0, equals);
  const auto* limit = std::ranges::find(kLimits, name, &Limit::name);
  if (limit == kLimits.end()) {
    return fail(FaultKind::kBadParams,
                fmt::format("--limit {}: there is no limit \"{}\"; `gridloom limits` lists them",
                            setting, name));
  }
  const std::string_view text =
      equals == std::string_view::npos ? std::string_view() : setting.substr(equals + 1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() ||
      value < limit->least || value > limit->most) {
    return fail(FaultKind::kBadParams,
                fmt::format("--limit {}: {} is a whole number from {} to {} ({})", setting, name,
                            limit->least, limit->most, limit->unit));
  }
  std::visit(
      [value](auto* number) {
        if constexpr (std::is_same_v<decltype(number), Millis*>) {
          *number = Millis(value);
        } else {
          *number = static_cast<std::remove_pointer_t<decltype(number)>>(value);
        }
      },
      limit->field(limits));
  return {};
}

}  // namespace

std::span<const Limit> all_limits() { return kLimits; }

std::int64_t value_of(const Limit& limit, Limits& limits) {
  return std::visit(
      [](const auto* number) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(*number)>, Millis>) {
          return number->count();
        } else {
          return static_cast<std::int64_t>(*number);
        }
      },
      limit.field(limits));
}

Result<Limits> limits_from(const std::vector<std::string>& settings) {
  Limits limits;
  for (const std::string& setting : settings) {
    if (Status put = put_into(limits, setting); !put) return std::unexpected(put.error());
  }
  // A text is never larger than what carried it.
  limits.signing.json.bytes = limits.http.body_bytes;
  limits.hub.json.bytes = limits.hub.report.bytes = limits.mqtt.packet_bytes;
  return limits;
}

std::string limits_text(Limits limits) {
  std::string text;
  for (const Limit& limit : kLimits) {
    fmt::format_to(std::back_inserter(text), "{:<30} {:>10} {:<12} {}\n", limit.name,
                   value_of(limit, limits), limit.unit, limit.meaning);
  }
  return text;
}

std::string limits_page() {
  std::string text =
      "# Limits\n\n"
      "<!-- Made by `gridloom limits --page`; a test compares. -->\n\n"
      "Nothing that comes from outside is taken without a limit. Each has a name, and another "
      "value "
      "by\n`--limit NAME=VALUE` (as often as wanted), or in the configuration file by\n"
      "`limit = [\"NAME=VALUE\", ...]`. `gridloom limits` prints them; with the same `--limit` "
      "options, or with the same\n`--config FILE` before its name, as a server that is started so "
      "would have them.\n\n"
      "A value counts up to and including itself: one more is refused. Refusals say the configured "
      "value.\n\n"
      "| name | default | least | most | |\n|---|---|---|---|---|\n";
  Limits limits;
  for (const Limit& limit : kLimits) {
    fmt::format_to(std::back_inserter(text), "| `{}` | {} {} | {} | {} | {} |\n", limit.name,
                   value_of(limit, limits), limit.unit, limit.least, limit.most, limit.meaning);
  }
  return text;
}

}  // namespace gridloom::app
