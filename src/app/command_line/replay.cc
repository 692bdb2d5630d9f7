#include "app/command_line/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <future>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "app/command_line/common_options.h"
#include "app/command_line/output.h"
#include "app/command_line/simulated_client.h"
#include "app/command_line/usage_error.h"
#include "app/process/process.h"
#include "app/process/progress.h"
#include "bench/mqtt_load.h"
#include "catalog/loader.h"
#include "net/io_loop.h"
#include "recordings/playback.h"
#include "time/grammar.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

constexpr Millis kPatience{10'000};  // for the first response of a server

struct ReplayArguments {
  std::string file, data, server, ca, keys, devices;
  double speed = 1;
  bool json = false;
};

Result<std::vector<Secret>> keys_in(const std::string& file, const std::vector<std::string>& sns) {
  GL_TRY(const auto known, bench::devices_from(file));
  std::vector<Secret> keys;
  for (const std::string& sn : sns) {
    const auto found = std::ranges::find(known, sn, &bench::LoadDevice::sn);
    if (found == known.end()) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("--keys {}: the device {} is missing", file, sn));
    }
    keys.emplace_back(found->key);
  }
  return keys;
}

struct Prepared {
  recordings::Playback::Options options;
  std::vector<recordings::Playback::PlayedDevice> players;
};

Result<Prepared> prepare(const ReplayArguments& arguments) {
  if (arguments.data.empty() && (arguments.server.empty() || arguments.keys.empty())) {
    return fail(ErrorCode::kBadParams,
                "the server is missing: give --data DIR of one on this machine, or --server "
                "HOST:PORT and --keys FILE");
  }
  GL_TRY(const auto catalog,
         catalog::load_catalog(device_files(arguments.devices, arguments.data)));
  GL_TRY(const auto script, transcripts::load_script(arguments.file));
  GL_TRY(auto scripts, recordings::device_scripts(script, *catalog));
  std::vector<std::string> sns;
  std::ranges::copy(scripts | std::views::transform(&recordings::DeviceScript::sn),
                    std::back_inserter(sns));
  GL_TRY(auto server, find_server(arguments.server, arguments.data));
  Prepared made{.options = {.server = std::move(server), .speed = arguments.speed}, .players = {}};
  if (!arguments.ca.empty()) {
    GL_TRY(auto tls, client::tls_client(arguments.ca));
    made.options.tls = std::move(tls);
  }
  GL_TRY(auto keys, arguments.keys.empty() ? simulated_keys(arguments.data, sns, arguments.devices)
                                           : keys_in(arguments.keys, sns));
  for (std::size_t i = 0; i < scripts.size(); ++i) {
    made.players.push_back({.device = std::move(scripts[i]), .key = std::move(keys[i])});
  }
  return made;
}

recordings::Playback::Counts counts_of(net::IoLoop& loop, const recordings::Playback& playback) {
  std::promise<recordings::Playback::Counts> answer;
  auto counts = answer.get_future();
  loop.post([&] { answer.set_value(playback.counts()); });
  return counts.get();
}

void print(const recordings::Playback::Counts& counts, bool json) {
  wire::JsonObject result{{"devices", counts.devices},
                          {"refused", counts.refused},
                          {"lost", counts.losses},
                          {"sent", counts.sent},
                          {"acknowledged", counts.acknowledged},
                          {"sets", counts.sets},
                          {"answered", counts.answered},
                          {"played_s", static_cast<double>(counts.played.count()) / 1000}};
  if (!counts.last_error.empty()) result["last_trouble"] = counts.last_error;
  if (json) return print_json(result);
  for (const auto& [name, value] : result) {
    fmt::print("{:15}{}\n", std::string(name) + ':', wire::plain_text(value));
  }
}

// The time from the beginning of the recording to its last message.
Millis span_of(const std::vector<recordings::Playback::PlayedDevice>& players) {
  Millis span{0};
  for (const recordings::Playback::PlayedDevice& player : players) {
    for (const recordings::DeviceAction& action : player.device.actions)
      span = std::max(span, action.at);
  }
  return span;
}

int replay(const ReplayArguments& arguments) {
  const sigset_t signals = block_ending_signals();
  auto prepared = prepare(arguments);
  if (!prepared) return report_error(prepared.error());
  if (const Status listens = client::check_listens(prepared->options.server, kPatience); !listens) {
    return report_error(listens.error());
  }
  const Millis whole = span_of(prepared->players);
  Progress progress;
  net::IoLoop loop;
  prepared->options.loop = &loop;
  recordings::Playback playback(prepared->options, std::move(prepared->players));
  loop.on_sweep([&playback] { playback.tick(); });
  loop.start();
  playback.start();
  const timespec pause{.tv_sec = 0, .tv_nsec = 250'000'000};
  recordings::Playback::Counts counts;
  bool interrupted = false;
  while (!counts.is_over && !interrupted) {
    interrupted = sigtimedwait(&signals, nullptr, &pause) > 0;
    counts = counts_of(loop, playback);
    progress.show(static_cast<double>(counts.played.count()) /
                      static_cast<double>(std::max<Millis::rep>(whole.count(), 1)),
                  fmt::format("{} of {}, {} messages sent", time::rounded_span_text(counts.played),
                              time::rounded_span_text(whole), counts.sent));
  }
  progress.end();
  loop.stop();
  print(counts, arguments.json);
  if (counts.refused != 0) {
    fmt::print(stderr, "gridloom: {} of {} devices were refused: {}\n", counts.refused,
               counts.devices, counts.last_error);
  }
  return counts.refused == 0 ? 0 : 1;
}

}  // namespace

std::shared_ptr<void> add_replay(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<ReplayArguments>();
  ReplayArguments& a = *kept;
  CLI::App* verb =
      add_command(app, "replay",
                  "Replays the devices of a recording against a server, with the recorded timing");
  set_group(*verb, group::kTest);
  set_examples(*verb,
               {"gridloom replay home.loom --data data",
                "gridloom replay home.loom --server 127.0.0.1:1883 --keys keys.txt --speed 10"});
  add_value(*verb, "file", a.file, placeholder::kFile, "Recording made by `gridloom record`")
      .required();
  add_value(*verb, "--speed", a.speed, "FACTOR", "Factor of the recorded speed")
      .check(number(0.01, 100'000))
      .show_default();
  a.data = data_folder_or("");
  add_value(*verb, "--data", a.data, placeholder::kFolder,
            "Data folder of a server on this machine, which creates missing devices")
      .show_default();
  add_value(*verb, "--server", a.server, placeholder::kAddress,
            "MQTT address of any server, HOST:PORT");
  add_value(*verb, "--keys", a.keys, placeholder::kFile,
            "File with one \"SN KEY\" a line, for the devices to sign in");
  add_ca_option(*verb, a.ca);
  add_devices_option(*verb, a.devices);
  add_json_option(*verb, a.json);
  set_action(*verb, chosen, [&a] { return replay(a); });
  return kept;
}

}  // namespace gridloom::app
