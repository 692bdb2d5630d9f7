#include "client/report_listener.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "base/secret.h"
#include "client/mqtt_connection.h"
#include "client/poller.h"
#include "client/stream.h"
#include "wire/topics.h"

namespace gridloom::client {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::uint16_t kKeepalive_s = 60;
constexpr Millis kPingEvery{25'000};
constexpr std::size_t kBuffer = std::size_t{64} * 1024;  // bytes
constexpr std::size_t kIdBytes = 6;

class Inbox final : public MqttConnection::Listener {
 public:
  void on_signed_in(MqttConnection& /*connection*/) override {}
  void on_acknowledged(MqttConnection& /*connection*/, Moment /*due*/) override {}
  void on_writable(MqttConnection& /*connection*/) override {}
  void on_message(const wire::mqtt::Publish& /*message*/) override { has_news = true; }
  void on_bytes(std::size_t /*sent*/, std::size_t /*received*/) override {}

  bool has_news = false;
};

}  // namespace

struct ReportListener::Impl {
  explicit Impl(net::Stream stream) : connection({}, std::move(stream), inbox) {}

  Inbox inbox{};
  MqttConnection connection;
  Poller poller{};
  Steady::time_point ping_at = Steady::now() + kPingEvery;
  std::array<char, kBuffer> buffer{};

  // Handles what happens until `until`, but for no longer than until the next ping is due.
  Status turn(Steady::time_point until) {
    const auto left = std::chrono::ceil<Millis>(std::min(until, ping_at) - Steady::now());
    const auto left_ms = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    for (const epoll_event& ready : poller.wait(left_ms)) {
      GL_TRY(connection.on_ready(ready.events, buffer));
    }
    if (Steady::now() < ping_at) return {};
    ping_at = Steady::now() + kPingEvery;
    connection.put_ping();
    return connection.flush();
  }
};

ReportListener::ReportListener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ReportListener::ReportListener(ReportListener&&) noexcept = default;
ReportListener& ReportListener::operator=(ReportListener&&) noexcept = default;
ReportListener::~ReportListener() = default;

Result<ReportListener> ReportListener::open(const MqttAccess& access, const ApiOptions& options,
                                            std::string_view sn) {
  const std::string at = fmt::format("{}:{}", access.host, access.port);
  GL_TRY(const auto peer, find_peer(at));
  TlsClient tls;
  if (access.secure) {
    GL_TRY(auto context, options.ca.empty() ? tls_client_of_system() : tls_client(options.ca));
    tls = std::move(context);
  }
  GL_TRY(auto stream, connect(peer, tls, ConnectMode::kNonBlocking));
  auto impl = std::make_unique<Impl>(std::move(stream));
  GL_TRY(impl->poller.add(impl->connection.fd(), 0));
  const std::string id = "gridloom-" + random_hex(kIdBytes);
  const std::string filter = sn.empty()
                                 ? fmt::format("{}{}/#", wire::kOpenTopics, access.user)
                                 : wire::make_open_topic(access.user, sn, wire::Verb::kQuota);
  Status good = impl->connection.sign_in({.client_id = id,
                                          .user = access.user,
                                          .password = access.password.reveal(),
                                          .keepalive_s = kKeepalive_s,
                                          .filters = {{.filter = filter}}});
  const auto until = Steady::now() + options.patience;
  while (good && !impl->connection.signed_in() && Steady::now() < until) good = impl->turn(until);
  if (good && !impl->connection.signed_in()) {
    good = fail(ErrorCode::kIo, fmt::format("{} did not answer in time", at));
  }
  if (!good) return std::unexpected(good.error());
  return ReportListener(std::move(impl));
}

Result<bool> ReportListener::wait(Millis patience) {
  const auto until = Steady::now() + patience;
  do {
    GL_TRY(impl_->turn(until));
  } while (!impl_->inbox.has_news && Steady::now() < until);
  return std::exchange(impl_->inbox.has_news, false);
}

}  // namespace gridloom::client
