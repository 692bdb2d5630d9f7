#include <sys/socket.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <latch>
#include <memory>
#include <mutex>
#include <utility>

#include "app/control/local_socket.h"
#include "app/control/streams.h"

namespace gridloom::app {
namespace {

using hub::TrafficEvent;
using wire::Json;
using wire::JsonObject;

constexpr std::size_t kMaxWaiting = std::size_t{32} << 20U;  // bytes not yet taken by the reader
constexpr std::chrono::milliseconds kLookEvery{100};  // for checking that the reader is still there

// Events that were captured but not sent yet.
class Queue final : public hub::TrafficTap {
 public:
  void on_traffic(std::vector<TrafficEvent> event) override {
    const std::scoped_lock lock(mutex_);
    for (TrafficEvent& each : event) {
      if (bytes_ >= kMaxWaiting) {
        ++missed_;
        continue;
      }
      bytes_ += sizeof(TrafficEvent) + each.text.size();
      waiting_.push_back(std::move(each));
    }
    changed_.notify_one();
  }

  struct Taken {
    std::vector<TrafficEvent> event;
    std::uint64_t missed = 0;  // events lost after these
  };
  Taken take(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, kLookEvery, [this] { return !waiting_.empty(); });
    bytes_ = 0;
    return {.event = std::exchange(waiting_, {}), .missed = std::exchange(missed_, 0)};
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<TrafficEvent> waiting_;
  std::size_t bytes_ = 0;
  std::uint64_t missed_ = 0;
};

std::string lines_of(const Queue::Taken& taken) {
  std::string lines;
  for (const TrafficEvent& event : taken.event) {
    wire::append_text(lines, recordings::to_json(event));
    lines += '\n';
  }
  if (taken.missed != 0) {
    wire::append_text(lines, JsonObject{{"missed", taken.missed}});
    lines += '\n';
  }
  return lines;
}

}  // namespace

RecordingStart recording_start_from(const Json& answer) {
  RecordingStart begun{.devices = {},
                       .at = TimePoint(Millis(answer.at("at").to_number<std::int64_t>()))};
  const auto account_in = [](const Json& object, std::string_view name) {
    return static_cast<registry::AccountId>(object.at(name).to_number<std::int64_t>());
  };
  for (const Json& row : answer.at("devices").as_array()) {
    recordings::RecordedDevice device{.sn = std::string(row.at("sn").as_string()),
                                      .family = std::string(row.at("family").as_string()),
                                      .owner = account_in(row, "owner")};
    for (const Json& share : row.at("shares").as_array()) {
      device.shares.push_back(
          {.account = account_in(share, "account"),
           .rights = static_cast<registry::Rights>(share.at("rights").to_number<int>())});
    }
    begun.devices.push_back(std::move(device));
  }
  return begun;
}

void stream_recording(hub::Hub& hub, const Json& begun, std::string_view first, int socket,
                      const std::stop_token& stop) {
  const std::stop_callback wake(stop, [socket] { ::shutdown(socket, SHUT_RDWR); });
  hub::TapFilter filter{.tap = std::make_shared<Queue>(), .sns = {}};
  for (const recordings::RecordedDevice& device : recording_start_from(begun).devices)
    filter.sns.insert(device.sn);
  hub.add_tap(filter);
  auto& queue = static_cast<Queue&>(*filter.tap);
  Status sent = send_all(socket, first);
  while (sent && !stop.stop_requested() && !has_ended(socket)) {
    sent = send_all(socket, lines_of(queue.take(stop)));
  }
  const auto all_told = std::make_shared<std::latch>(1);
  hub.remove_tap(filter.tap, [all_told] { all_told->count_down(); });
  if (!sent || stop.stop_requested()) return;
  all_told->wait();
  static_cast<void>(send_all(socket, lines_of(queue.take(stop))));
}

}  // namespace gridloom::app
