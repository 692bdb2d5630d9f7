// The command `gridloom bench`: its options and its output.
#include <fmt/format.h>

#include <cstddef>
#include <cstdio>
#include <ranges>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
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
  std::string to, ca, devices, payload, subscriber, filter, key, to_mqtt;
  std::size_t payload_bytes = 900, subscribers = 1;
  int qos = 1, filter_qos = 0;
  bool json = false;
  bench::MqttLoad mqtt;
  bench::HttpLoad http;
  bench::SetLoad set;
};

int print_summary(const Result<bench::Summary>& summary, bool json) {
  if (!summary) return report_error(summary.error());
  if (json) {
    print_json(summary->to_json());
  } else {
    fmt::print("{}", summary->to_text());
  }
  return 0;
}

// Fills in what all kinds of load have.
template <typename Load>
Status fill_common(const BenchArguments& a, Load& load) {
  load.ca = a.ca;
  if (load.server.call_counts.empty()) return {};
  const auto counts = bench::read_call_counts(load.server.call_counts);
  return counts ? Status() : std::unexpected(counts.error());
}

Status fill_mqtt(BenchArguments& a) {
  bench::MqttLoad& load = a.mqtt;
  for (const auto& each : std::views::split(a.to, ',')) {
    GL_TRY(const auto to, net::parse_address(std::string_view(each)));
    load.to.push_back(to);
  }
  GL_TRY(fill_common(a, load));
  load.qos = static_cast<wire::mqtt::Qos>(a.qos);
  if (a.devices.empty()) {
    for (std::size_t i = 0; i < load.connections; ++i) {
      load.devices.push_back({.sn = fmt::format("bench-{}", i), .key = ""});
    }
  } else {
    GL_TRY(auto devices, bench::devices_from(a.devices));
    load.devices = std::move(devices);
  }
  if (a.payload.empty()) {
    load.payloads = bench::payloads_of(a.payload_bytes, kDifferentPayloads);
  } else {
    GL_TRY(auto payloads, bench::payloads_from(a.payload, kDifferentPayloads));
    load.payloads = std::move(payloads);
  }
  if (a.filter.empty()) return {};
  bench::MqttLoad::Subscriber who{.connections = a.subscribers,
                                  .filter = a.filter,
                                  .qos = static_cast<wire::mqtt::Qos>(a.filter_qos),
                                  .user = {},
                                  .password = {}};
  if (!a.subscriber.empty()) {
    GL_TRY(const auto text, read_text(a.subscriber, kMaxKey));
    if (std::istringstream words(text); !(words >> who.user >> who.password)) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("{} must contain a user name and a password", a.subscriber));
    }
  }
  load.subscriber = std::move(who);
  return {};
}

Status fill_http(BenchArguments& a, bench::HttpLoad& load) {
  GL_TRY(const auto to, net::parse_address(a.to));
  load.to = to;
  GL_TRY(fill_common(a, load));
  if (a.key.empty()) return {};
  GL_TRY(auto key, bench::access_key_from(a.key));
  load.key = std::move(key);
  return {};
}

Status fill_set(BenchArguments& a) {
  GL_TRY(fill_http(a, a.set.http));
  GL_TRY(const auto mqtt, net::parse_address(a.to_mqtt));
  a.set.mqtt = mqtt;
  GL_TRY(auto devices, bench::devices_from(a.devices));
  a.set.http.devices = std::move(devices);
  return {};
}

// Adds the options common to both kinds of load.
template <typename Load>
void add_common(CLI::App& verb, BenchArguments& a, Load& load, std::string_view server_help) {
  add_value(verb, "--server,--to", a.to, placeholder::kAddress, server_help).required();
  add_ca_option(verb, a.ca);
  add_value(verb, "--connections", load.connections, placeholder::kCount,
            "Connections to the server")
      .check(whole_number(1, 100'000));
  add_value(verb, "--threads", load.threads, placeholder::kCount, "Threads of the load generator")
      .check(whole_number(1, 256));
  add_value(verb, "--warm-up", load.timing.warm_up_s, "SECONDS",
            "Seconds of load before the measurement begins")
      .check(number(0, 3600))
      .show_default();
  add_value(verb, "--seconds", load.timing.seconds, "SECONDS", "Seconds that are measured")
      .check(number(0.1, 86'400))
      .show_default();
  add_value(verb, "--pid", load.server.id, "PID",
            "Process id of the server, to report its CPU time and memory as well");
  add_value(verb, "--call-counts", load.server.call_counts, placeholder::kFile,
            "File of the counts of a server with the counter library (bench/call_counter.cc)");
  add_json_option(verb, a.json);
}

Option add_keys(CLI::App& verb, std::string& file) {
  return add_value(verb, "--keys,--devices", file, placeholder::kFile,
                   "File with one \"SN KEY\" a line, for the devices to sign in");
}

void add_mqtt(CLI::App& parent, BenchArguments& a, std::function<int()>& chosen) {
  CLI::App* verb = add_command(parent, "mqtt", "Load from devices that publish (MQTT 3.1.1)");
  set_examples(*verb, {"gridloom bench mqtt --server 127.0.0.1:1883 --keys keys.txt --seconds 20"});
  bench::MqttLoad& load = a.mqtt;
  add_common(*verb, a, load,
             "Address of the server; several, separated by commas, have the devices in turn");
  add_keys(*verb, a.devices);
  add_value(*verb, "--user", load.user, placeholder::kWord, "User name of a device").show_default();
  add_value(*verb, "--password", load.password, placeholder::kWord, "Password of a device")
      .show_default();
  add_value(*verb, "--topic", load.topic, "TOPIC", "Topic that a device publishes to")
      .show_default();
  add_value(*verb, "--qos", a.qos, "QOS", "Quality of service of the messages, 0 to 2")
      .check(whole_number(0, 2))
      .show_default();
  add_value(*verb, "--window", load.window, placeholder::kCount,
            "Unacknowledged messages on one connection (QoS 1 and 2)")
      .show_default();
  add_value(*verb, "--rate", load.rate, "NUMBER",
            "Messages a second, all together; 0: as fast as taken")
      .check(not_negative());
  add_flag(*verb, "--in-turn", load.in_turn,
           "Send a message when the one before is acknowledged and every subscriber has it");
  add_value(*verb, "--payload", a.payload, placeholder::kFile,
            "File with a template a line; <0..9> in it becomes a number");
  add_value(*verb, "--payload-bytes", a.payload_bytes, placeholder::kCount,
            "Size of the JSON payload where there is no --payload")
      .check(whole_number(1, 200'000))
      .show_default();
  add_value(*verb, "--subscribe", a.filter, "TOPIC",
            "Filter that further connections subscribe to, to count arrivals");
  add_value(*verb, "--subscribers", a.subscribers, placeholder::kCount,
            "Connections that subscribe")
      .check(whole_number(1, 100'000))
      .show_default();
  add_value(*verb, "--subscribe-qos", a.filter_qos, "QOS", "Quality of service of --subscribe")
      .check(whole_number(0, 2))
      .show_default();
  add_value(*verb, "--subscriber", a.subscriber, placeholder::kFile,
            "File with the user name and password of the subscribers");
  set_action(*verb, chosen, [&a] {
    if (Status filled = fill_mqtt(a); !filled) return report_error(filled.error());
    return print_summary(bench::run(a.mqtt), a.json);
  });
}

// Adds the options of a load on the HTTP interface, and returns --key.
Option add_requests(CLI::App& verb, BenchArguments& a, bench::HttpLoad& load) {
  add_common(verb, a, load, "Address of the server");
  add_value(verb, "--path", load.path, "PATH", "Path of the requests, with its query")
      .show_default();
  add_value(verb, "--rate", load.rate, "NUMBER",
            "Requests a second, all together; 0: as fast as answered")
      .check(not_negative());
  return add_value(verb, "--key", a.key, placeholder::kFile,
                   "File with an access key and its secret key, to sign the requests");
}

void add_http(CLI::App& parent, BenchArguments& a, std::function<int()>& chosen) {
  CLI::App* verb =
      add_command(parent, "http", "Load from apps that read, with one request in flight each");
  set_examples(*verb, {"gridloom bench http --server 127.0.0.1:8080 --key key.txt"});
  add_requests(*verb, a, a.http);
  set_action(*verb, chosen, [&a] {
    if (Status filled = fill_http(a, a.http); !filled) return report_error(filled.error());
    return print_summary(bench::run(a.http), a.json);
  });
}

void add_set(CLI::App& parent, BenchArguments& a, std::function<int()>& chosen) {
  CLI::App* verb = add_command(
      parent, "set", "Load from apps that set devices, and from the devices, which answer at once");
  set_examples(*verb, {"gridloom bench set --server 127.0.0.1:8080 --mqtt 127.0.0.1:1883 "
                       "--keys keys.txt --key key.txt --body '{\"sn\":\"{sn}\"}'"});
  add_requests(*verb, a, a.set.http).required();
  add_value(*verb, "--mqtt", a.to_mqtt, placeholder::kAddress, "MQTT address of the same server")
      .required();
  add_keys(*verb, a.devices).required();
  add_value(*verb, "--body", a.set.http.body, "JSON",
            "JSON of a set; {sn} in it becomes the serial number of a device, in turn")
      .required();
  set_action(*verb, chosen, [&a] {
    if (Status filled = fill_set(a); !filled) return report_error(filled.error());
    return print_summary(bench::run(a.set), a.json);
  });
}

}  // namespace

std::shared_ptr<void> add_bench(CLI::App& app, std::function<int()>& chosen) {
  auto arguments = std::make_shared<BenchArguments>();
  CLI::App* bench =
      add_command(app, "bench", "Generates load on a server and reports throughput and latency");
  set_group(*bench, group::kTest);
  set_examples(*bench, {"gridloom bench http --server 127.0.0.1:8080 --seconds 20"});
  require_command_below(*bench);
  add_mqtt(*bench, *arguments, chosen);
  add_http(*bench, *arguments, chosen);
  add_set(*bench, *arguments, chosen);
  return arguments;
}

}  // namespace gridloom::app
