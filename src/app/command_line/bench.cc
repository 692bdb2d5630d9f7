#include "app/command_line/bench.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdio>
#include <sstream>
#include <string>
#include <utility>

#include "base/read_file.h"
#include "bench/http_load.h"
#include "bench/mqtt_load.h"
#include "bench/payload.h"
#include "bench/set_load.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

constexpr std::size_t kMaxKey = 4096;  // bytes of a file
constexpr std::size_t kDifferentPayloads = 1024;

// The unparsed options; converted to a load when the command runs.
struct BenchArguments {
  std::string to, devices, payload, subscriber, filter, key, to_mqtt;
  std::size_t payload_bytes = 900, subscribers = 1;
  int qos = 1, filter_qos = 0;
  bool json = false;
  bench::MqttLoad mqtt;
  bench::HttpLoad http;
  bench::SetLoad set;
};

int refused(const Error& fault) {
  fmt::print(stderr, "gridloom: {}\n", fault.detail);
  return 1;
}

int tell(const Result<bench::Summary>& summary, bool json) {
  if (!summary) return refused(summary.error());
  if (json) {
    fmt::print("{}\n", wire::to_text(summary->to_json()));
  } else {
    fmt::print("{}", summary->to_text());
  }
  return 0;
}

// Fills in what all kinds of load have.
template <typename Load>
Status fill_common(const BenchArguments& a, Load& load) {
  const auto to = net::parse_address(a.to);
  if (!to) return std::unexpected(to.error());
  load.to = *to;
  if (load.server.call_counts.empty()) return {};
  const auto counts = bench::read_call_counts(load.server.call_counts);
  return counts ? Status() : std::unexpected(counts.error());
}

Status fill_mqtt(BenchArguments& a) {
  bench::MqttLoad& load = a.mqtt;
  if (Status filled = fill_common(a, load); !filled) return filled;
  load.qos = static_cast<wire::mqtt::Qos>(a.qos);
  if (a.devices.empty()) {
    for (std::size_t i = 0; i < load.connections; ++i) {
      load.devices.push_back({.sn = fmt::format("bench-{}", i), .key = ""});
    }
  } else {
    auto devices = bench::devices_from(a.devices);
    if (!devices) return std::unexpected(devices.error());
    load.devices = std::move(*devices);
  }
  if (a.payload.empty()) {
    load.payloads = bench::payloads_of(a.payload_bytes, kDifferentPayloads);
  } else {
    auto payloads = bench::payloads_from(a.payload, kDifferentPayloads);
    if (!payloads) return std::unexpected(payloads.error());
    load.payloads = std::move(*payloads);
  }
  if (a.filter.empty()) return {};
  bench::MqttLoad::Subscriber who{.connections = a.subscribers,
                                  .filter = a.filter,
                                  .qos = static_cast<wire::mqtt::Qos>(a.filter_qos),
                                  .user = {},
                                  .password = {}};
  if (!a.subscriber.empty()) {
    const auto text = read_text(a.subscriber, kMaxKey);
    if (!text) return std::unexpected(text.error());
    if (std::istringstream words(*text); !(words >> who.user >> who.password)) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("{} must contain a user name and a password", a.subscriber));
    }
  }
  load.subscriber = std::move(who);
  return {};
}

Status fill_http(BenchArguments& a, bench::HttpLoad& load) {
  if (Status filled = fill_common(a, load); !filled) return filled;
  if (a.key.empty()) return {};
  auto key = bench::access_key_from(a.key);
  if (!key) return std::unexpected(key.error());
  load.key = std::move(*key);
  return {};
}

Status fill_set(BenchArguments& a) {
  if (Status filled = fill_http(a, a.set.http); !filled) return filled;
  const auto mqtt = net::parse_address(a.to_mqtt);
  if (!mqtt) return std::unexpected(mqtt.error());
  a.set.mqtt = *mqtt;
  auto devices = bench::devices_from(a.devices);
  if (!devices) return std::unexpected(devices.error());
  a.set.http.devices = std::move(*devices);
  return {};
}

// Adds the options common to both kinds of load.
template <typename Load>
void add_common(CLI::App& verb, BenchArguments& a, Load& load) {
  verb.add_option("--to", a.to, "Address of the server, ADDR:PORT")->required();
  verb.add_option("--tls-ca", load.ca, "Use TLS and trust this certificate authority (a PEM file)");
  verb.add_option("--connections", load.connections)->check(CLI::Range(1, 100'000));
  verb.add_option("--threads", load.threads, "Threads of the load generator")
      ->check(CLI::Range(1, 256));
  verb.add_option("--warm-up", load.timing.warm_up_s,
                  "Seconds of load before the measurement begins")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  verb.add_option("--seconds", load.timing.seconds, "Seconds that are measured")
      ->check(CLI::Range(0.1, 86'400.0))
      ->capture_default_str();
  verb.add_option("--pid", load.server.id,
                  "Process id of the server, to report its CPU time and memory as well");
  verb.add_option(
      "--call-counts", load.server.call_counts,
      "File of the counts of a server with the counter library (bench/call_counter.cc)");
  verb.add_flag("--json", a.json, "Print the summary as one line of JSON");
}

void add_mqtt(CLI::App& parent, BenchArguments& a, std::function<int()>& chosen) {
  CLI::App* verb = parent.add_subcommand("mqtt", "Load from devices that publish (MQTT 3.1.1)");
  bench::MqttLoad& load = a.mqtt;
  add_common(*verb, a, load);
  verb->add_option("--devices", a.devices, "File with one serial number and key a line");
  verb->add_option("--user", load.user, "User name of a device")->capture_default_str();
  verb->add_option("--password", load.password, "Password of a device")->capture_default_str();
  verb->add_option("--topic", load.topic, "Topic that a device publishes to")
      ->capture_default_str();
  verb->add_option("--qos", a.qos)->check(CLI::Range(0, 2))->capture_default_str();
  verb->add_option("--window", load.window,
                   "Unacknowledged messages on one connection (QoS 1 and 2)")
      ->capture_default_str();
  verb->add_option("--rate", load.rate, "Messages a second, all together; 0: as fast as taken")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--payload", a.payload,
                   "File with a template a line; <0..9> in it becomes a number");
  verb->add_option("--payload-bytes", a.payload_bytes,
                   "Size of the JSON payload where there is no --payload")
      ->check(CLI::Range(1, 200'000))
      ->capture_default_str();
  verb->add_option("--subscribe", a.filter,
                   "Filter that further connections subscribe to, to count arrivals");
  verb->add_option("--subscribers", a.subscribers, "Connections that subscribe")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  verb->add_option("--subscribe-qos", a.filter_qos)->check(CLI::Range(0, 2))->capture_default_str();
  verb->add_option("--subscriber", a.subscriber,
                   "File with the user name and password of the subscribers");
  verb->callback([&a, &chosen] {
    chosen = [&a] {
      if (Status filled = fill_mqtt(a); !filled) return refused(filled.error());
      return tell(bench::run(a.mqtt), a.json);
    };
  });
}

// Adds the options of a load on the HTTP interface, and returns --key.
CLI::Option* add_requests(CLI::App& verb, BenchArguments& a, bench::HttpLoad& load) {
  add_common(verb, a, load);
  verb.add_option("--path", load.path, "Path of the requests, with its query")
      ->capture_default_str();
  verb.add_option("--rate", load.rate, "Requests a second, all together; 0: as fast as answered")
      ->check(CLI::NonNegativeNumber);
  return verb.add_option("--key", a.key,
                         "File with an access key and its secret key, to sign the requests");
}

void add_http(CLI::App& parent, BenchArguments& a, std::function<int()>& chosen) {
  CLI::App* verb =
      parent.add_subcommand("http", "Load from apps that read, with one request in flight each");
  add_requests(*verb, a, a.http);
  verb->callback([&a, &chosen] {
    chosen = [&a] {
      if (Status filled = fill_http(a, a.http); !filled) return refused(filled.error());
      return tell(bench::run(a.http), a.json);
    };
  });
}

void add_set(CLI::App& parent, BenchArguments& a, std::function<int()>& chosen) {
  CLI::App* verb = parent.add_subcommand(
      "set", "Load from apps that set devices, and from the devices, which answer at once");
  add_requests(*verb, a, a.set.http)->required();
  verb->add_option("--mqtt", a.to_mqtt, "MQTT address of the same server, ADDR:PORT")->required();
  verb->add_option("--devices", a.devices, "File with one serial number and key a line")
      ->required();
  verb->add_option("--body", a.set.http.body,
                   "JSON of a set; {sn} in it becomes the serial number of a device, in turn")
      ->required();
  verb->callback([&a, &chosen] {
    chosen = [&a] {
      if (Status filled = fill_set(a); !filled) return refused(filled.error());
      return tell(bench::run(a.set), a.json);
    };
  });
}

}  // namespace

std::shared_ptr<void> add_bench(CLI::App& app, std::function<int()>& chosen) {
  auto arguments = std::make_shared<BenchArguments>();
  CLI::App* bench =
      app.add_subcommand("bench", "Generates load on a server and reports throughput and latency");
  bench->require_subcommand(1);
  add_mqtt(*bench, *arguments, chosen);
  add_http(*bench, *arguments, chosen);
  add_set(*bench, *arguments, chosen);
  return arguments;
}

}  // namespace gridloom::app
