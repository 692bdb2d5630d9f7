#include <sys/socket.h>

#include <chrono>
#include <condition_variable>
#include <latch>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/control/local_socket.h"
#include "app/control/streams.h"

namespace gridloom::app {
namespace {

using hub::TrafficEvent;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::chrono::milliseconds kLookEvery{100};  // for checking that the reader is still there

// The devices that have news which the reader has not got.
class News final : public hub::TrafficTap {
 public:
  void on_traffic(std::vector<TrafficEvent> events) override {
    const std::scoped_lock lock(mutex_);
    for (TrafficEvent& each : events) {
      const bool is_news = each.kind == TrafficEvent::Kind::kDeviceSends ||
                           each.kind == TrafficEvent::Kind::kOnline ||
                           each.kind == TrafficEvent::Kind::kOffline;
      if (is_news) sns_.insert(std::move(each.sn));
    }
    if (!sns_.empty()) changed_.notify_one();
  }

  [[nodiscard]] std::set<std::string> take(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, kLookEvery, [this] { return !sns_.empty(); });
    return std::exchange(sns_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::set<std::string> sns_;
};

std::string line_of(const std::set<std::string>& sns) {
  if (sns.empty()) return {};
  return wire::to_text(JsonObject{{"sns", JsonArray(sns.begin(), sns.end())}}) + '\n';
}

}  // namespace

void stream_news(hub::Hub& hub, const Json& begun, std::string_view first, int socket,
                 const std::stop_token& stop) {
  const std::stop_callback wake(stop, [socket] { ::shutdown(socket, SHUT_RDWR); });
  const auto news = std::make_shared<News>();
  hub::TapFilter filter{.tap = news, .sns = {}};
  for (const Json& sn : begun.at("sns").as_array()) filter.sns.emplace(sn.as_string());
  hub.add_tap(filter);
  Status sent = send_all(socket, first);
  while (sent && !stop.stop_requested() && !has_ended(socket)) {
    sent = send_all(socket, line_of(news->take(stop)));
  }
  const auto all_told = std::make_shared<std::latch>(1);
  hub.remove_tap(filter.tap, [all_told] { all_told->count_down(); });
}

}  // namespace gridloom::app
