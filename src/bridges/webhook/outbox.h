// The events that a receiver has not taken yet, and the position up to which the log of events was
// read for it. The log has the events, on disk: what is kept of them over a restart is a position
// for each archive (history/route.h). Events that the log does not have are kept themselves.
//
// Bounded: an event waits for a day at most; there is room for so many that the log has, which
// keeps the rest, and for as many others, of which the oldest is dropped. Thread rule: any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridloom::bridges::webhook {

class Outbox {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kMostWaiting = 1'000;
  static constexpr std::chrono::hours kLongestWait{24};

  // Where the log has an event.
  struct Source {
    std::size_t archive = 0;
    std::uint64_t event = 0;  // journal::event_id()
  };
  struct Waiting {
    std::string id;
    std::string body;
    std::int64_t at_ms = 0;  // when it happened
    Moment since;            // the same by another clock, as it was known when it came
    std::optional<Source> source{};
  };

  // An event that the log does not have.
  void push(Waiting event);
  // Adds the events of an archive's log up to `through` that are to be sent.
  void add(std::size_t archive, std::uint64_t through, std::vector<Waiting> events);
  // Up to where the archive's log was read. Nothing: not at all.
  [[nodiscard]] std::optional<std::uint64_t> read_through(std::size_t archive) const;
  [[nodiscard]] bool has_room() const;

  // The next one; drops those that are too old.
  [[nodiscard]] std::optional<Waiting> front(Moment now);
  // The receiver took or refused it.
  void remove(const std::string& id);
  [[nodiscard]] std::size_t size() const;
  // Events that were dropped since the last call.
  [[nodiscard]] std::uint64_t take_dropped();

  // The state that outlives a restart, as JSON. `bridge`: a later one of the same name begins anew.
  [[nodiscard]] std::string state(std::int64_t bridge) const;
  void restore(std::string_view state, std::int64_t bridge, Moment now, std::int64_t now_ms);

 private:
  mutable std::mutex mutex_;
  std::deque<Waiting> waiting_;
  std::map<std::size_t, std::uint64_t> read_through_;
  std::uint64_t dropped_ = 0;
};

// Since when an event of that time has waited.
[[nodiscard]] Outbox::Moment waits_since(std::int64_t at_ms, Outbox::Moment now,
                                         std::int64_t now_ms);

}  // namespace gridloom::bridges::webhook
