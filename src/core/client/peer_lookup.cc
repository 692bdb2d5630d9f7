#include "client/peer_lookup.h"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace gridloom::client {
namespace {

std::atomic<int>& lookups_under_way() {
  static std::atomic<int> count = 0;
  return count;
}

// The state that the thread of a lookup and the waiting one share.
struct Answer {
  std::mutex mutex;
  std::condition_variable_any came;
  std::optional<Result<Peer>> found;
};

}  // namespace

void look_up_peer(const std::string& host_port,
                  std::move_only_function<void(Result<Peer>)> on_found) {
  if (const auto numeric = net::parse_address(host_port)) return on_found(peer_at(*numeric));
  if (lookups_under_way().fetch_add(1) >= kMaxLookups) {
    lookups_under_way().fetch_sub(1);
    return on_found(
        fail(ErrorCode::kIo, fmt::format("{}: too many addresses are being looked up", host_port)));
  }
  std::thread([host_port, on_found = std::move(on_found)]() mutable {
    on_found(find_peer(host_port));
    on_found = nullptr;
    lookups_under_way().fetch_sub(1);
  }).detach();
}

Result<Peer> find_peer(const std::string& host_port, const LookupEnd& end) {
  if (const auto numeric = net::parse_address(host_port)) return peer_at(*numeric);
  const auto ended = [&] {
    return fail(ErrorCode::kIo,
                fmt::format("{}: {}", host_port,
                            end.stop.stop_requested() ? "the lookup of the address is stopped"
                                                      : "the address was not found in time"));
  };
  if (end.stop.stop_requested() || std::chrono::steady_clock::now() >= end.until) return ended();
  const auto answer = std::make_shared<Answer>();
  look_up_peer(host_port, [answer](Result<Peer> found) {
    {
      const std::lock_guard lock(answer->mutex);
      answer->found.emplace(std::move(found));
    }
    answer->came.notify_all();
  });
  std::unique_lock lock(answer->mutex);
  const bool came =
      answer->came.wait_until(lock, end.stop, end.until, [&] { return answer->found.has_value(); });
  if (!came) return ended();
  return std::move(*answer->found);
}

}  // namespace gridloom::client
