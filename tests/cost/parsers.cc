#include "cost/parsers.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "api/message/envelope.h"
#include "api/message/headers.h"
#include "base/loop.h"
#include "http/service.h"
#include "http/session.h"
#include "http/web_socket.h"
#include "twin/layout.h"
#include "twin/report_reader.h"
#include "wire/json.h"
#include "wire/mqtt/session.h"
#include "wire/mqtt/topic.h"
#include "wire/signing.h"

namespace gridloom::cost {
namespace {

namespace mqtt = wire::mqtt;

constexpr TimePoint kNow{Millis(1'700'000'000'000)};
constexpr std::size_t kReadBytes = std::size_t{16} * 1024;  // per read, as from a socket

// An inner protocol without any cost.
class Silent final : public net::Protocol {
 public:
  void receive(std::string_view bytes, TimePoint /*now*/) override { received_ += bytes.size(); }
  void take_output(std::string& /*out*/) override {}
  [[nodiscard]] bool finished() const override { return false; }
  [[nodiscard]] std::int64_t account() const override { return 0; }
  [[nodiscard]] std::size_t kept_bytes() const override { return received_; }
  [[nodiscard]] bool wants_input() const override { return true; }
  void tick(TimePoint /*now*/) override {}
  void server_stops() override {}
  void lost() override {}

 private:
  std::size_t received_ = 0;
};

// Feeds the bytes as the owner of a socket does: one read, its answers, the next read.
void feed(net::Protocol& protocol, std::string_view bytes, std::size_t at_once) {
  std::string out;
  while (!bytes.empty() && protocol.wants_input() && !protocol.finished()) {
    protocol.receive(bytes.substr(0, at_once), kNow);
    bytes.remove_prefix(std::min(at_once, bytes.size()));
    do {
      out.clear();
      protocol.take_output(out);
    } while (!out.empty());
  }
}

// A service without any cost, which wants as many headers as the real one.
class SilentService final : public http::Service {
 public:
  [[nodiscard]] std::span<const http::WantedHeader> headers() const override {
    return api::kHeaders;
  }
  [[nodiscard]] std::size_t headers_for(std::string_view path) const override {
    return api::headers_for(path);
  }
  [[nodiscard]] std::size_t body_limit(const http::Request& /*head*/) const override {
    return http::kAnyBody;
  }
  void handle(http::Request& /*request*/, Callback<http::Response> done) override {
    done({.status = 200, .body = "{}"});
  }
  [[nodiscard]] std::optional<http::Upgrade> find_upgrade(std::string_view path) const override {
    return path == "/mqtt" ? std::optional(http::Upgrade{.protocol = "mqtt"}) : std::nullopt;
  }
  [[nodiscard]] std::expected<std::shared_ptr<net::Protocol>, http::Response> open(
      const http::Request& /*request*/, net::ConnectionContext /*context*/) override {
    return std::make_shared<Silent>();
  }
  [[nodiscard]] http::Response refusal(const http::BadRequest& bad) const override {
    return api::transport_error(bad.status, bad.why);
  }
  [[nodiscard]] std::string_view user_of(const http::Request& request) const override {
    return request.headers[api::header::kAccessKey];
  }
  void on_refused(const http::Refused& /*refused*/) override {}
};

void read_http(std::string_view bytes, std::size_t at_once) {
  ImmediateLoop loop;
  SilentService service;
  const auto session = std::make_shared<http::Session>(
      net::ConnectionContext{.loop = loop, .wake = [] {}, .secure = false, .peer = {}}, service,
      http::SessionLimits{}, kNow);
  feed(*session, bytes, at_once);
}

void read_web_socket(std::string_view bytes, std::size_t at_once) {
  http::WebSocket socket(std::make_shared<Silent>(), {}, kNow);
  feed(socket, bytes, at_once);
}

// The signature is wrong, so that verify() tries every order of the parameters.
void verify(std::string_view content_type, std::string_view query, std::string_view body) {
  static wire::KeyedMac mac =
      std::move(wire::KeyedMac::make(Secret(std::string("a secret key of some length"))).value());
  wire::ReadParameters read;
  const auto verified =
      wire::verify({.content_type = content_type,
                    .query = query,
                    .body = body,
                    .access_key = "key",
                    .nonce = "1",
                    .timestamp = "2",
                    .sign = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
                   mac, {}, nullptr, &read);
  if (verified) std::abort();
}

void read_parameters(std::string_view query) {
  static_cast<void>(wire::parameters_of({.content_type = {},
                                         .query = query,
                                         .body = {},
                                         .access_key = {},
                                         .nonce = {},
                                         .timestamp = {},
                                         .sign = {}}));
}

const mqtt::MqttLimits& mqtt_limits() {
  static const mqtt::MqttLimits kLimits;
  return kLimits;
}

// Accepts every connection and answers every event immediately.
class Answering {
 public:
  explicit Answering(std::string_view connect) {
    if (!connect.empty()) feed(connect, kReadBytes);
  }

  void feed(std::string_view bytes, std::size_t at_once) {
    while (!bytes.empty() && session_.wants_input() && !session_.finished()) {
      session_.receive(bytes.substr(0, at_once), kNow);
      bytes.remove_prefix(std::min(at_once, bytes.size()));
      // Each answer may let the session continue with the bytes it has buffered.
      for (auto events = session_.take_events(); !events.empty(); events = session_.take_events()) {
        for (const mqtt::Event& event : events) answer(event);
        do {
          output_.clear();
          session_.take_output(output_, kNow);
        } while (!output_.empty());
      }
    }
  }

 private:
  void answer(const mqtt::Event& event) {
    using mqtt::Reason;
    if (std::holds_alternative<mqtt::ConnectRequested>(event)) {
      session_.accept({}, kNow);
    } else if (const auto* publish = std::get_if<mqtt::PublishReceived>(&event)) {
      session_.acknowledge(publish->token, Reason::kSuccess);
    } else if (const auto* released = std::get_if<mqtt::PublishReleased>(&event)) {
      session_.completed(released->packet_id);
    } else if (const auto* subscribe = std::get_if<mqtt::SubscribeRequested>(&event)) {
      const std::vector<Reason> reasons(subscribe->subscriptions.size(), Reason::kSuccess);
      session_.subscribed(subscribe->token, reasons);
    } else if (const auto* unsubscribe = std::get_if<mqtt::UnsubscribeRequested>(&event)) {
      const std::vector<Reason> reasons(unsubscribe->filters.size(), Reason::kSuccess);
      session_.unsubscribed(unsubscribe->token, reasons);
    }
  }

  std::string output_;
  mqtt::Session session_{mqtt_limits(), kNow};
};

std::string connect_bytes(mqtt::Version version) {
  std::string bytes;
  encode(bytes, mqtt::Connect{.version = version, .keepalive_s = 60, .client_id = "c"});
  return bytes;
}

void append_length(std::string& out, std::size_t length) {
  do {
    const std::size_t low = length & 0x7fU;
    length >>= 7U;
    out += static_cast<char>(low | (length > 0 ? 0x80U : 0U));
  } while (length > 0);
}

// Makes a packet: the input's first byte is the packet's first byte, the rest is the packet's body.
std::string packet_of(std::string_view input) {
  if (input.empty()) return {};
  std::string packet(input.substr(0, 1));
  append_length(packet, input.size() - packet.size());
  return packet.append(input.substr(1));
}

void read_connect(std::string_view input) {
  Answering session({});
  session.feed(packet_of(std::string("\x10").append(input)), kReadBytes);
}

void read_packet(std::string_view input, mqtt::Version version) {
  Answering session(connect_bytes(version));
  session.feed(packet_of(input), kReadBytes);
}

// The first byte selects the properties: of a CONNECT, its will, a PUBLISH or a SUBSCRIBE.
void read_properties(std::string_view input) {
  if (input.empty()) return;
  const auto kind = static_cast<unsigned char>(input[0]) % 4U;
  std::string properties;
  append_length(properties, input.size() - 1);
  properties.append(input.substr(1));
  using namespace std::string_view_literals;
  if (kind == 0)
    return read_connect(std::string("\0\4MQTT\5\2\0\x3c"sv).append(properties).append("\0\1c"sv));
  if (kind == 1) {
    std::string body("\0\4MQTT\5\6\0\x3c\0\0\1c"sv);
    return read_connect(body.append(properties).append("\0\1w\0\1x"sv));
  }
  std::string packet(kind == 2 ? "\x32\0\1t\0\1"sv : "\x82\0\1"sv);
  read_packet(packet.append(properties).append("\0\1f\0"sv), mqtt::Version::k5);
}

void read_packets(std::string_view input, mqtt::Version version, std::size_t at_once) {
  Answering session(connect_bytes(version));
  session.feed(input, at_once);
}

// The input is a topic filter up to the first line break, and a topic after it.
void read_filter(std::string_view input) {
  const std::size_t cut = std::min(input.find('\n'), input.size());
  const std::string_view filter = input.substr(0, cut);
  const std::string_view topic = input.substr(std::min(cut + 1, input.size()));
  const bool good = mqtt::valid_filter(filter) && mqtt::levels(filter) > 0;
  if (good && mqtt::valid_topic(topic) && !mqtt::shared_parts(filter)) {
    static_cast<void>(mqtt::filter_matches(filter, topic));
  }
}

// A family with one report that concerns a module.
twin::LayoutPtr layout(bool nested) {
  catalog::Family family;
  family.id = "home";
  family.messages.nested = nested;
  const auto add_field = [&family](std::string name, catalog::FieldType type) {
    catalog::Field field;
    field.name = std::move(name);
    field.type = type;
    family.fields.push_back(std::move(field));
  };
  add_field("unit.plan", catalog::FieldType::kObject);
  add_field("pack.*.soc", catalog::FieldType::kInt);
  add_field("pack.*.cfg.on", catalog::FieldType::kInt);
  catalog::Report unit;
  unit.match = {{"typeCode", "unit"}};
  unit.fields = {"unit."};
  unit.prefix = "unit.";
  catalog::Report pack;
  pack.match = {{"typeCode", "pack"}};
  pack.fields = {"pack."};
  pack.prefix = "pack.";
  pack.module = "packSn";
  family.reports = {unit, pack};
  return std::make_shared<const twin::Layout>(
      std::make_shared<const catalog::Family>(std::move(family)));
}

template <bool kNested>
void read_report(std::string_view payload) {
  static const twin::LayoutPtr kLayout = layout(kNested);
  static twin::ReportReader reader;
  if (reader.read(*kLayout, payload)) static_cast<void>(reader.prefix(*kLayout));
}

constexpr std::size_t kKilobyte = 1024;
constexpr std::size_t kBody = 256 * kKilobyte;

constexpr auto kParsers = std::to_array<Parser>({
    {"http",
     64 * kKilobyte,
     {2'000, 40},
     [](std::string_view b) { read_http(b, kReadBytes); },
     "session_fuzz",
     2},
    {"http-by-byte",
     16 * kKilobyte,
     {5'000, 250},
     [](std::string_view b) { read_http(b, 1); },
     "session_fuzz",
     2},
    {"web-socket",
     64 * kKilobyte,
     {1'000, 30},
     [](std::string_view b) { read_web_socket(b, kReadBytes); },
     "web_socket_fuzz",
     1},
    {"web-socket-by-byte",
     16 * kKilobyte,
     {1'000, 100},
     [](std::string_view b) { read_web_socket(b, 1); },
     "web_socket_fuzz",
     1},
    {"signed-query",
     8 * kKilobyte,
     {100'000, 60},
     [](std::string_view b) { verify({}, b, {}); },
     "signing_fuzz",
     1},
    {"signed-body",
     kBody,
     {400'000, 8},
     [](std::string_view b) { verify("application/json", {}, b); },
     "signing_fuzz",
     1},
    {"query-parameters", 8 * kKilobyte, {20'000, 200}, read_parameters, "parameters_fuzz", 3},
    {"json",
     kBody,
     {5'000, 40},
     [](std::string_view b) { static_cast<void>(wire::parse_json(b)); },
     "json_fuzz",
     0},
    {"report", kBody, {2'000, 15}, read_report<true>, "report_reader_fuzz", 0},
    {"flat-report", kBody, {2'000, 20}, read_report<false>, "report_reader_fuzz", 0},
    {"mqtt-connect", kBody, {2'000, 5}, read_connect, "mqtt_packet_fuzz", 2},
    {"mqtt-properties", 64 * kKilobyte, {5'000, 20}, read_properties, "mqtt_packet_fuzz", 2},
    {"mqtt-packet",
     kBody,
     {3'000, 20},
     [](std::string_view b) { read_packet(b, mqtt::Version::k5); },
     "mqtt_packet_fuzz",
     1},
    {"mqtt-packet-3",
     kBody,
     {3'000, 20},
     [](std::string_view b) { read_packet(b, mqtt::Version::k311); },
     "mqtt_packet_fuzz",
     1},
    {"mqtt-packets",
     64 * kKilobyte,
     {3'000, 60},
     [](std::string_view b) { read_packets(b, mqtt::Version::k5, kReadBytes); },
     "mqtt_session_fuzz",
     2},
    {"mqtt-packets-by-byte",
     16 * kKilobyte,
     {3'000, 100},
     [](std::string_view b) { read_packets(b, mqtt::Version::k5, 1); },
     "mqtt_session_fuzz",
     2},
    {"topic-filter", 64 * kKilobyte, {500, 12}, read_filter, "mqtt_packet_fuzz", 4},
});

constexpr Parser kQuadratic{.name = "quadratic",
                            .most_bytes = 16 * kKilobyte,
                            .bound = {.fixed = 10'000, .a_byte = 50},
                            .read =
                                [](std::string_view bytes) {
                                  std::string rest(bytes);
                                  for (std::size_t at = 0; at < rest.size(); ++at) {
                                    if (rest[at] == ',') rest.erase(0, 1);
                                  }
                                },
                            .corpus = "json_fuzz",
                            .skip = 0};

}  // namespace

std::span<const Parser> parsers() { return kParsers; }

const Parser& quadratic_parser() { return kQuadratic; }

}  // namespace gridloom::cost
