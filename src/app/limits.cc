#include "app/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <limits>
#include <ranges>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/clock.h"
#include "base/nearest.h"

namespace gridloom::app {
namespace {

constexpr std::int64_t kMany = 10'000'000;
constexpr std::int64_t kKilobyte = 1024;
constexpr std::int64_t kGigabyte = std::int64_t{1024} * 1024 * 1024;
constexpr std::int64_t kShort = std::numeric_limits<std::uint16_t>::max();
constexpr std::int64_t kDeep = 1000;  // levels that recursive parsers may use

// The minimum values are chosen so that the platform can still serve a client.
constexpr auto kLimits = std::to_array<Limit>({
    // --- the four listeners ---
    {"listener.connections", "connections", 1, kMany,
     "Open connections of one listener. All listeners share the files that the process may "
     "open, and each is guaranteed a tenth. When all are taken, a connection that has not "
     "signed in is closed for the new one, or else one of the account that has the most",
     [](Limits& l) -> LimitField { return &l.server.listeners.connections; }},
    {"listener.connections-per-address", "connections", 0, kMany,
     "Open connections from one peer address, for each listener; 0: unlimited",
     [](Limits& l) -> LimitField { return &l.server.listeners.connections_per_address; }},
    {"listener.unauthenticated-bytes", "bytes", 64 * kKilobyte, 64 * kGigabyte,
     "Bytes of incomplete requests and packets of all connections that have not signed in, "
     "beyond 4 KB each; a connection that exceeds it is closed",
     [](Limits& l) -> LimitField { return &l.server.unauthenticated_bytes; }},
    {"listener.unsent-bytes", "bytes", 64 * kKilobyte, kGigabyte,
     "Bytes of output that a peer has not read; beyond that its connection is closed",
     [](Limits& l) -> LimitField { return &l.server.listeners.unsent_bytes; }},
    {"listener.kernel-unsent-bytes", "bytes", 4 * kKilobyte, kGigabyte,
     "Bytes of output that the kernel keeps ahead of what the peer lets it send "
     "(TCP_NOTSENT_LOWAT); the rest counts as listener.unsent-bytes",
     [](Limits& l) -> LimitField { return &l.server.listeners.kernel_unsent_bytes; }},
    {"listener.unsent-ms", "ms", 100, kDay_ms,
     "Time for a peer to read any of the output that waits for it; then its connection is "
     "reset",
     [](Limits& l) -> LimitField { return &l.server.listeners.unsent_time; }},
    {"listener.failures-per-minute", "failures", 0, kMany,
     "Sign-ins and signatures of one address that may fail in a minute; further attempts are "
     "refused unread (429, CONNACK connection rate exceeded) until the budget refills. A "
     "loopback address has 50 times as many; 0: unlimited",
     [](Limits& l) -> LimitField { return &l.server.failures_per_minute; }},
    {"listener.handshake-ms", "ms", 100, kDay_ms, "Time for a TLS handshake",
     [](Limits& l) -> LimitField { return &l.server.listeners.handshake_time; }},
    {"listener.close-ms", "ms", 100, kDay_ms,
     "Time for the peer to answer the end of a TLS connection",
     [](Limits& l) -> LimitField { return &l.server.listeners.close_time; }},

    // --- HTTP ---
    {"http.header-bytes", "bytes", 256, 64 * kKilobyte,
     "Bytes of a request line and its headers; else 431",
     [](Limits& l) -> LimitField { return &l.server.http.header_bytes; }},
    {"http.body-bytes", "bytes", 256, kGigabyte, "Bytes of a request body; else 413",
     [](Limits& l) -> LimitField { return &l.server.http.body_bytes; }},
    {"http.request-ms", "ms", 100, kDay_ms,
     "Time from the first byte of a request to its last; else 408",
     [](Limits& l) -> LimitField { return &l.server.http.request_time; }},
    {"http.idle-ms", "ms", 100, kDay_ms,
     "Time between two requests on one connection; then it is closed",
     [](Limits& l) -> LimitField { return &l.server.http.idle_time; }},
    {"http.requests-per-second", "requests", 0, kMany,
     "Requests of one access key in a second; else 429 with Retry-After; 0: unlimited",
     [](Limits& l) -> LimitField { return &l.server.requests_per_second; }},
    {"http.query-bytes", "bytes", 64, 64 * kKilobyte, "Bytes of a query string; else 1008",
     [](Limits& l) -> LimitField { return &l.server.signing.query_bytes; }},
    {"http.parameters", "parameters", 1, wire::kMaxQueryPairs,
     "Parameters of a request, in its query or flattened from its body; else 1008",
     [](Limits& l) -> LimitField { return &l.server.signing.parameters; }},
    {"http.signed-bytes", "bytes", kKilobyte, kGigabyte,
     "Bytes of the flattened parameters of a request, as they are signed; else 1008",
     [](Limits& l) -> LimitField { return &l.server.signing.canonical_bytes; }},
    {"http.signed-growth", "bytes", 1, 1000,
     "Bytes of flattened parameters for each byte of a request body, in addition to the first "
     "16384; else 1008",
     [](Limits& l) -> LimitField { return &l.server.signing.growth; }},
    {"http.reordered-parameters", "parameters", 16, wire::kMaxQueryPairs,
     "Parameters of a request whose signature is tried in every order that clients use; with "
     "more, the parameters must be signed in the order of their flattened names",
     [](Limits& l) -> LimitField { return &l.server.signing.reordered; }},
    {"http.nonce-bytes", "bytes", 8, kKilobyte, "Bytes of the nonce header; else 8521",
     [](Limits& l) -> LimitField { return &l.server.signing.nonce_bytes; }},
    {"http.json-depth", "levels", 4, kDeep, "Nesting levels of a JSON body; else 1008",
     [](Limits& l) -> LimitField { return &l.server.signing.json.depth; }},
    {"http.json-keys", "keys", 16, kMany,
     "Keys of a JSON body, in all its objects together; else 1008",
     [](Limits& l) -> LimitField { return &l.server.signing.json.keys; }},

    // --- signing in with a browser ---
    {"sign-in.body-bytes", "bytes", 256, 64 * kKilobyte,
     "Bytes of the body of a request to sign in; else 413",
     [](Limits& l) -> LimitField { return &l.server.sign_in.body_bytes; }},
    {"sign-in.waiting-checks", "checks", 1, kMany,
     "Passwords that wait to be checked, one for an account and one for an address; else 503. As "
     "many more may wait of accounts that signed in from their address before, and of those that "
     "change their password",
     [](Limits& l) -> LimitField { return &l.server.sign_in.waiting_checks; }},
    {"sign-in.waiting-ends", "sessions", 1, kMany,
     "Browser sessions of one account that wait for their end to be stored; else 503",
     [](Limits& l) -> LimitField { return &l.server.sign_in.waiting_ends; }},

    // --- WebSockets: MQTT, and the live stream ---
    {"web-socket.message-bytes", "bytes", kKilobyte, kGigabyte,
     "Bytes of one WebSocket message, in all its frames; else the connection is closed with "
     "1009",
     [](Limits& l) -> LimitField { return &l.server.http.web_socket.message_bytes; }},
    {"web-socket.output-bytes", "bytes", kKilobyte, kGigabyte,
     "Bytes framed and not yet written to the socket; beyond that nothing more is read from "
     "the client",
     [](Limits& l) -> LimitField { return &l.server.http.web_socket.output_bytes; }},
    {"web-socket.close-ms", "ms", 100, kDay_ms, "Time for the peer to answer a Close frame",
     [](Limits& l) -> LimitField { return &l.server.http.web_socket.close_time; }},

    // --- MQTT ---
    {"mqtt.sessions-per-user", "sessions", 1, kMany,
     "Sessions of one user name (the certificate of an account, a gateway, a device), "
     "connected or kept; else CONNACK quota exceeded",
     [](Limits& l) -> LimitField { return &l.server.sessions.sessions; }},
    {"mqtt.kept-sessions-per-user", "sessions", 0, kMany,
     "Sessions of one user name that outlive their connection; else CONNACK quota exceeded",
     [](Limits& l) -> LimitField { return &l.server.sessions.kept_sessions; }},
    {"mqtt.session-expiry-s", "s", 0, std::numeric_limits<std::uint32_t>::max() - 1,
     "Time for which a session is kept after its connection ended; clients are told",
     [](Limits& l) -> LimitField { return &l.server.sessions.session_expiry_s; }},
    {"mqtt.subscriptions", "subscriptions", 1, kMany,
     "Subscriptions of one session; else SUBACK quota exceeded",
     [](Limits& l) -> LimitField { return &l.server.sessions.subscriptions; }},
    {"mqtt.sessions-per-account", "sessions", 1, kMany,
     "Sessions of all users of one account, connected or kept; else CONNACK quota exceeded",
     [](Limits& l) -> LimitField { return &l.server.sessions.account.sessions; }},
    {"mqtt.filter-bytes-per-account", "bytes", kKilobyte, 64 * kGigabyte,
     "Bytes of all subscriptions of one account, each counted as 512 plus four times its "
     "filter, a shared one as 16 KB more; else SUBACK quota exceeded",
     [](Limits& l) -> LimitField { return &l.server.sessions.account.filter_bytes; }},
    {"mqtt.queued-bytes-per-account", "bytes", kKilobyte, 64 * kGigabyte,
     "Bytes of messages queued for, or on their way to, all clients of one account; beyond "
     "that messages are dropped",
     [](Limits& l) -> LimitField { return &l.server.sessions.account.queued_bytes; }},
    {"mqtt.all-queued-bytes", "bytes", kKilobyte, 1024 * kGigabyte,
     "Bytes of messages queued for the clients of all accounts, in addition to 4 MB that each "
     "account has of its own",
     [](Limits& l) -> LimitField { return &l.server.sessions.account.all_queued_bytes; }},
    {"mqtt.connect-ms", "ms", 100, kDay_ms, "Time from opening a connection to its CONNECT packet",
     [](Limits& l) -> LimitField { return &l.server.mqtt.connect_timeout; }},
    {"mqtt.packet-bytes", "bytes", kKilobyte, 256 * kKilobyte* kKilobyte,
     "Bytes of one packet; else DISCONNECT packet too large",
     [](Limits& l) -> LimitField { return &l.server.mqtt.packet_bytes; }},
    {"mqtt.held-bytes", "bytes", kKilobyte, kGigabyte,
     "Bytes that a client may send after its CONNECT packet before that is answered",
     [](Limits& l) -> LimitField { return &l.server.mqtt.held_bytes; }},
    {"mqtt.output-bytes", "bytes", kKilobyte, kGigabyte,
     "Bytes encoded for one client and not yet written to its socket",
     [](Limits& l) -> LimitField { return &l.server.mqtt.output_bytes; }},
    {"mqtt.queue-messages", "messages", 1, kMany,
     "Messages queued for one client that does not read; beyond that messages are dropped",
     [](Limits& l) -> LimitField { return &l.server.mqtt.queue_messages; }},
    {"mqtt.queue-bytes", "bytes", kKilobyte, kGigabyte,
     "Bytes queued for one client that does not read, properties included, and likewise bytes "
     "that it has not acknowledged",
     [](Limits& l) -> LimitField { return &l.server.mqtt.queue_bytes; }},
    {"mqtt.client-id-bytes", "bytes", 23, kShort, "Bytes of a client id",
     [](Limits& l) -> LimitField { return &l.server.mqtt.client_id_bytes; }},
    {"mqtt.topic-bytes", "bytes", 128, kShort, "Bytes of a topic or a filter",
     [](Limits& l) -> LimitField { return &l.server.mqtt.topic_bytes; }},
    {"mqtt.topic-levels", "levels", 8, kShort, "Levels of a topic or a filter",
     [](Limits& l) -> LimitField { return &l.server.mqtt.topic_levels; }},
    {"mqtt.filters-per-packet", "filters", 4, kMany,
     "Filters in one SUBSCRIBE or UNSUBSCRIBE packet",
     [](Limits& l) -> LimitField { return &l.server.mqtt.filters_per_packet; }},
    {"mqtt.properties", "properties", 16, kMany,
     "Properties of one MQTT 5 packet, user properties included; else DISCONNECT quota "
     "exceeded",
     [](Limits& l) -> LimitField { return &l.server.mqtt.properties; }},
    {"mqtt.in-flight", "messages", 1, kShort,
     "Messages of QoS 1 and 2 sent to one client and not yet acknowledged, if the client "
     "allows as many",
     [](Limits& l) -> LimitField { return &l.server.mqtt.in_flight; }},
    {"mqtt.receive-maximum", "messages", 1, kShort,
     "Messages of QoS 1 and 2 received from one client and not yet acknowledged",
     [](Limits& l) -> LimitField { return &l.server.mqtt.receive_maximum; }},
    {"mqtt.keepalive-s", "s", 0, std::numeric_limits<std::uint16_t>::max(),
     "Keep-alive of an MQTT 5 client, which is told; 0: as the client asks",
     [](Limits& l) -> LimitField { return &l.server.mqtt.keepalive_s; }},
    {"mqtt.topic-aliases", "aliases", 0, kShort, "Topic aliases that an MQTT 5 client may use",
     [](Limits& l) -> LimitField { return &l.server.mqtt.topic_alias_maximum; }},
    {"mqtt.out-topic-aliases", "aliases", 0, kShort,
     "Topic aliases used towards an MQTT 5 client, if it allows as many",
     [](Limits& l) -> LimitField { return &l.server.mqtt.out_topic_alias_maximum; }},
    {"mqtt.retained-bytes", "bytes", kKilobyte, 64 * kGigabyte,
     "Bytes of retained messages of one shard; there is one shard for each thread",
     [](Limits& l) -> LimitField { return &l.server.hub.retained_bytes; }},
    {"mqtt.retained-bytes-per-account", "bytes", kKilobyte, 64 * kGigabyte,
     "Bytes of retained messages of one account and its devices, for each shard; 256 KB of "
     "them are guaranteed",
     [](Limits& l) -> LimitField { return &l.server.hub.account_retained_bytes; }},

    // --- history ---
    {"history.commit-ms", "ms", 0, 10'000,
     "Time from one sync of the log to the next: records that come meanwhile wait. Up to 20 ms it "
     "is cut short when all clients that waited for the last sync have published again. A longer "
     "time spares an SD card, and delays acknowledgements as long",
     [](Limits& l) -> LimitField { return &l.server.history.log.commit; }},
    {"history.commit-bytes", "bytes", kKilobyte, kGigabyte,
     "Bytes of waiting records that are synced to disk at once",
     [](Limits& l) -> LimitField { return &l.server.history.log.commit_bytes; }},
    {"history.waiting-bytes", "bytes", 64 * kKilobyte, 64 * kGigabyte,
     "Bytes of records waiting for the disk; beyond that nothing more is read from publishers",
     [](Limits& l) -> LimitField { return &l.server.history.log.waiting_bytes; }},
    {"history.written-bytes-per-account", "bytes", 0, 64 * 1024 * kGigabyte,
     "Bytes that the devices and apps of one account may write into the log in a day; beyond "
     "that they are read only as fast as a day's budget refills; 0: unlimited",
     [](Limits& l) -> LimitField { return &l.server.sessions.account.flow.written_bytes_a_day; }},
    {"history.builder-bytes", "bytes", 64 * kKilobyte, 64 * kGigabyte,
     "Bytes of records on disk that wait to be put into hours; beyond half of that nothing more is "
     "read from publishers",
     [](Limits& l) -> LimitField { return &l.server.history.recorder.builder_bytes; }},
    {"history.segment-bytes", "bytes", 64 * kKilobyte, kGigabyte,
     "Bytes of one segment file of the log",
     [](Limits& l) -> LimitField { return &l.server.history.log.segment_bytes; }},
    {"history.log-bytes", "bytes", 64 * 1024 * kKilobyte, 64 * 1024 * kGigabyte,
     "Bytes of the log, which has what is not yet stored: while the store does not work, nothing "
     "more is read from publishers beyond that",
     [](Limits& l) -> LimitField { return &l.server.history.log.most_bytes; }},
    {"history.head-bytes", "bytes", 64 * kKilobyte, 64 * kGigabyte,
     "Bytes of reports in memory that are not yet in blocks; beyond that their hours are "
     "stored in chunks",
     [](Limits& l) -> LimitField { return &l.server.history.recorder.head_bytes; }},
    {"history.grace-ms", "ms", 0, kDay_ms,
     "Time for late reports after the end of an hour, before the hour is stored as a block",
     [](Limits& l) -> LimitField { return &l.server.history.recorder.grace; }},
    {"history.reads", "requests", 1, kMany,
     "Requests of one account that wait for an answer from history; else 503 with Retry-After",
     [](Limits& l) -> LimitField { return &l.server.history.reads.entries; }},
    {"history.reads-at-once", "requests", 1, kMany,
     "Requests of one account to history that are worked on in turn; its others wait in their "
     "order",
     [](Limits& l) -> LimitField { return &l.server.history.reads.at_once; }},
    {"history.names", "names", 1, kMany, "Field names in one request to history; else 1008",
     [](Limits& l) -> LimitField { return &l.server.series.names; }},
    {"history.fields", "fields", 1, kMany,
     "Fields that the names of one request to history match, names that end in * included; "
     "else 1008",
     [](Limits& l) -> LimitField { return &l.server.series.fields; }},
    {"history.points", "points", 10, kMany,
     "Points in one answer from history, all fields together, or values where there is no "
     "step; else 1008",
     [](Limits& l) -> LimitField { return &l.server.series.points; }},
    {"history.plot-points", "points", 3, kMany,
     "Points that a plot of one field may ask for; else 1008",
     [](Limits& l) -> LimitField { return &l.server.series.plot_points; }},
    {"history.raw-days", "days", 0, kMany,
     "Days for which every reported value is kept; older data are 15-minute statistics; 0: for"
     " ever",
     [](Limits& l) -> LimitField { return &l.server.history.recorder.keep.raw_days; }},
    {"history.quarter-days", "days", 0, kMany,
     "Days for which 15-minute statistics are kept; 0: for ever. Energies are always kept",
     [](Limits& l) -> LimitField { return &l.server.history.recorder.keep.quarter_days; }},
    {"history.audit-days", "days", 0, kMany, "Days for which the audit log is kept; 0: for ever",
     [](Limits& l) -> LimitField { return &l.server.history.recorder.keep.audit_days; }},
    {"history.event-days", "days", 0, kMany,
     "Days for which events of devices are kept; 0: for ever",
     [](Limits& l) -> LimitField { return &l.server.history.recorder.keep.event_days; }},
    {"mqtt.json-depth", "levels", 4, kDeep, "Nesting levels of the JSON of a set, a get or a reply",
     [](Limits& l) -> LimitField { return &l.server.hub.json.depth; }},
    {"mqtt.json-keys", "keys", 16, kMany,
     "Keys of the JSON of a set, a get or a reply, in all its objects together",
     [](Limits& l) -> LimitField { return &l.server.hub.json.keys; }},

    // --- devices ---
    {"device.report-depth", "levels", 4, kDeep,
     "Nesting levels of a report; else the report counts as malformed",
     [](Limits& l) -> LimitField { return &l.server.hub.report.depth; }},
    {"device.report-keys", "keys", 16, kMany,
     "Keys of a report, in all its objects together; else the report counts as malformed",
     [](Limits& l) -> LimitField { return &l.server.hub.report.members; }},
    {"device.extra-quotas", "quotas", 0, kMany,
     "Quotas kept for one device that its family does not declare",
     [](Limits& l) -> LimitField { return &l.server.hub.twin.extra_quotas; }},
    {"device.extra-bytes", "bytes", 0, kGigabyte,
     "Bytes of names and values of the quotas of one device that its family does not declare",
     [](Limits& l) -> LimitField { return &l.server.hub.twin.extra_bytes; }},
    {"device.pending-sets", "sets", 1, kMany,
     "Sets that one device has not answered yet; else 6012. Accounts that a device is shared "
     "with leave half of them to its owner",
     [](Limits& l) -> LimitField { return &l.server.hub.pending_sets; }},
    {"device.asked-quotas", "quotas", 1, kMany, "Quotas asked for in one request; else 1008",
     [](Limits& l) -> LimitField { return &l.server.hub.asked_quotas; }},

    // --- replays, where --replay-check holds ---
    {"replay.window-ms", "ms", 1000, kDay_ms,
     "Difference between the timestamp of a set or certification request and the server's "
     "time, earlier or later; else 8521",
     [](Limits& l) -> LimitField { return &l.server.guard.window; }},
    {"replay.remembered-requests", "requests", 1, kMany,
     "Set and certification requests of one access key that are remembered within "
     "replay.window-ms; beyond that only this key is refused (8521)",
     [](Limits& l) -> LimitField { return &l.server.guard.remembered; }},

    // --- strict mode ---
    {"strict.window-ms", "ms", 1000, kDay_ms,
     "Difference between the timestamp of any request and the server's time in strict mode, "
     "earlier or later; else 8521",
     [](Limits& l) -> LimitField { return &l.server.replays.window; }},
    {"strict.remembered-requests", "requests", 1, kMany,
     "Requests of one access key that are remembered within strict.window-ms; beyond that only"
     " this key is refused (8521)",
     [](Limits& l) -> LimitField { return &l.server.replays.remembered; }},
    {"strict.client-ids-a-day", "client ids", 1, kMany,
     "MQTT client ids that the certificate of one account may use in a day; else CONNACK not "
     "authorized",
     [](Limits& l) -> LimitField { return &l.server.client_ids_a_day; }},

    // --- what bridges take from their peers ---
    {"peer.body-bytes", "bytes", kKilobyte, kGigabyte,
     "Bytes of the body that the peer of a bridge answers over HTTP; else the request has failed",
     [](Limits& l) -> LimitField { return &l.server.peers.body_bytes; }},
    {"peer.packet-bytes", "bytes", kKilobyte, kGigabyte / 4,
     "Bytes of an MQTT packet that a bridge takes from its broker; else the connection is closed",
     [](Limits& l) -> LimitField { return &l.server.peers.packet_bytes; }},
    {"peer.unsent-bytes", "bytes", kKilobyte, kGigabyte,
     "Bytes of output that the broker of a bridge has not read; beyond that nothing more is read "
     "from it",
     [](Limits& l) -> LimitField { return &l.server.peers.unsent_bytes; }},
    {"peer.text-bytes", "bytes", 16, kKilobyte,
     "Bytes of a name or a credential that the vendor of a mirror answers; a device with a longer "
     "one is left out, and a certification is refused",
     [](Limits& l) -> LimitField { return &l.server.peers.text_bytes; }},
    {"peer.devices", "devices", 1, kMany,
     "Devices of one list that the vendor of a mirror answers; further ones are left out",
     [](Limits& l) -> LimitField { return &l.server.peers.devices; }},
});

constexpr std::string_view kFormerGroup = "door.";
constexpr std::string_view kFormerUnauthenticated = "door.strangers-bytes";

// The limits of listeners had other names once, which configuration files may still use.
std::string present_name(std::string_view name) {
  if (name == kFormerUnauthenticated) return "listener.unauthenticated-bytes";
  if (!name.starts_with(kFormerGroup)) return std::string(name);
  return fmt::format("listener.{}", name.substr(kFormerGroup.size()));
}

Status put_into(Limits& limits, std::string_view setting) {
  const std::size_t equals = setting.find('=');
  const std::string_view name = setting.substr(0, equals);
  const auto limit = std::ranges::find(all_limits(), present_name(name), &Limit::name);
  if (limit == all_limits().end()) {
    std::vector<std::string_view> names;
    names.reserve(all_limits().size());
    for (const Limit& each : all_limits()) names.push_back(each.name);
    const std::string meant = did_you_mean(name, names);
    return fail(ErrorCode::kBadParams,
                fmt::format("--limit {}: there is no limit \"{}\"{} `gridloom limits` lists the "
                            "limits",
                            setting, name, meant.empty() ? ";" : meant));
  }
  const std::string_view text =
      equals == std::string_view::npos ? std::string_view() : setting.substr(equals + 1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() ||
      value < limit->least || value > limit->most) {
    return fail(ErrorCode::kBadParams,
                fmt::format("--limit {}: {} must be a whole number from {} to {} ({})", setting,
                            name, limit->least, limit->most, limit->unit));
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

// A limit of a wing stands behind those of the same beginning, others before those of MQTT.
std::span<const Limit> all_limits() {
  static const std::vector<Limit> all = [] {
    std::vector<Limit> rows(kLimits.begin(), kLimits.end());
    for (const Limit& each : limits_of_home()) {
      const auto of = [](std::string_view begin) {
        return [begin](const Limit& row) { return row.name.starts_with(begin); };
      };
      auto back = rows | std::views::reverse;
      const auto last =
          std::ranges::find_if(back, of(each.name.substr(0, each.name.find('.') + 1)));
      const auto mqtt = std::ranges::find_if(rows, of("mqtt."));
      rows.insert(last == back.end() ? mqtt : last.base(), each);
    }
    return rows;
  }();
  return all;
}

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
    GL_TRY(put_into(limits, setting));
  }
  // A text is never larger than the message that carries it.
  server::ServerLimits& server = limits.server;
  server.signing.json.bytes = server.http.body_bytes;
  server.hub.json.bytes = server.hub.report.bytes = server.mqtt.packet_bytes;
  return limits;
}

std::string limits_text(Limits limits) {
  std::string text;
  for (const Limit& limit : all_limits()) {
    fmt::format_to(std::back_inserter(text), "{:<30} {:>10} {:<12} {}\n", limit.name,
                   value_of(limit, limits), limit.unit, limit.description);
  }
  return text;
}

std::string limits_page() {
  std::string text =
      "# Limits\n\n"
      "<!-- Made by `gridloom limits --page`; a test compares. -->\n\n"
      "Everything that comes from outside has a limit. Each limit has a name; `--limit "
      "NAME=VALUE`\n"
      "(repeatable), or `limit = [\"NAME=VALUE\", ...]` in the configuration file, changes it.\n"
      "`gridloom limits` lists all of them. With the `--limit` options of a server, or with its\n"
      "`--config FILE` before the command's name, it shows the values of that server.\n\n"
      "The former names of the limits of listeners are still accepted: `door.NAME` for "
      "`listener.NAME`,\n"
      "and `door.strangers-bytes` for `listener.unauthenticated-bytes`.\n\n"
      "A limit is the largest value that is accepted. Refusals name the configured value.\n\n"
      "| name | default | least | most | description |\n|---|---|---|---|---|\n";
  Limits limits;
  for (const Limit& limit : all_limits()) {
    fmt::format_to(std::back_inserter(text), "| `{}` | {} {} | {} | {} | {} |\n", limit.name,
                   value_of(limit, limits), limit.unit, limit.least, limit.most, limit.description);
  }
  return text;
}

}  // namespace gridloom::app
