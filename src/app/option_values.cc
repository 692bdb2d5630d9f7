#include "app/option_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "app/operations/kinds.h"
#include "net/address.h"
#include "net/listener.h"
#include "time/grammar.h"
#include "time/iso_text.h"

namespace gridloom::app {

namespace {

using server::Interface;
using server::ReplayCheck;

Result<net::Address> address_of(const ServeOptions& options, const std::string& text,
                                std::string_view flag) {
  auto address = net::parse_address(text);
  if (!address) {
    return fail(address.error().code, fmt::format("{}: {}", flag, address.error().detail));
  }
  const bool plain = flag == "--http" || flag == "--mqtt";
  if (plain && !address->loopback() && !options.insecure_plain) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} {} would send secrets unencrypted to other machines: use {}s, or "
                            "--insecure-plain if the network is trusted",
                            flag, text, flag));
  }
  return address;
}

ReplayCheck replay_check(const ServeOptions& options, const net::Address& address) {
  const bool is_on =
      options.replay_check == "auto" ? !address.loopback() : options.replay_check == "on";
  return is_on ? ReplayCheck::kOn : ReplayCheck::kOff;
}

}  // namespace

Result<std::vector<server::ListenerOptions>> listeners_of(const ServeOptions& options,
                                                          const net::TlsContextPtr& tls) {
  struct Row {
    Interface interface;
    const std::string& text;
    std::string_view flag;
    net::TlsContextPtr tls;
  };
  const std::vector<Row> rows = {{Interface::kHttp, options.http, "--http", nullptr},
                                 {Interface::kHttp, options.https, "--https", tls},
                                 {Interface::kMqtt, options.mqtt, "--mqtt", nullptr},
                                 {Interface::kMqtt, options.mqtts, "--mqtts", tls}};
  std::vector<server::ListenerOptions> listeners;
  for (const Row& row : rows) {
    GL_TRY(auto address, address_of(options, row.text, row.flag));
    const ReplayCheck check = replay_check(options, address);
    listeners.push_back(
        {.interface = row.interface,
         .address = std::move(address),
         .tls = row.tls,
         .replay_check = check,
         .if_taken = fmt::format("choose another with {} ADDR:PORT (port 0 takes any free port)",
                                 row.flag)});
  }
  return listeners;
}

Status check_free(const std::vector<server::ListenerOptions>& listeners) {
  for (const server::ListenerOptions& each : listeners) {
    const auto socket = net::listen_on(each.address);
    if (socket) continue;
    const Error& error = socket.error();
    if (error.code != ErrorCode::kConflict) return std::unexpected(error);
    return fail(error.code, fmt::format("{}; {}", error.detail, each.if_taken));
  }
  return {};
}

Result<std::vector<net::Network>> trusted_proxies(const ServeOptions& options) {
  std::vector<net::Network> networks;
  for (const std::string& text : options.trusted_proxies) {
    auto network = net::Network::parse(text);
    if (!network) return fail(network.error().code, "--trusted-proxy: " + network.error().detail);
    networks.push_back(*network);
  }
  return networks;
}

Result<TimeOptions> time_options(const ServeOptions& options, const time::Now& now) {
  const bool is_real =
      options.speed == 1 && options.start.empty() && options.until.empty() && !options.paused;
  if (is_real) return std::nullopt;
  GL_TRY(operations::check_speed(options.speed, "--speed"));
  VirtualClock::Options made{
      .start = now.at, .speed = options.speed, .until = {}, .paused = options.paused};
  const auto read = [&](std::string_view option, const std::string& text, TimePoint from) {
    return time::parse_time(text, {.name = option,
                                   .now = {.at = from, .zone = now.zone},
                                   .relative = time::TimeOptions::Relative::kAny});
  };
  if (!options.start.empty()) {
    GL_TRY(const auto start, read("--start", options.start, now.at));
    made.start = start;
  }
  if (!options.until.empty()) {
    GL_TRY(const auto until, read("--until", options.until, made.start));
    if (until <= made.start) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("--until {}: must be after the start, {}", options.until,
                              time::clock_text(made.start, now.zone)));
    }
    made.until = until;
  }
  return made;
}

}  // namespace gridloom::app
