// For tests: random changes of sessions as records of the log have them.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/chance.h"
#include "hub/clients/session_changes.h"
#include "mqtt/stored_session.h"
#include "wire/mqtt/message.h"

namespace gridloom::mqtt {

// Random changes as sessions make them, a few per record.
class RandomChanges {
 public:
  explicit RandomChanges(std::uint64_t seed) : chance_(seed) {}

  std::string record() {
    std::string bytes;
    for (int i = below(4); i >= 0; --i) append_any(bytes);
    return bytes;
  }

 private:
  int below(int end) {
    return static_cast<int>(chance_.bits(++draws_) % static_cast<std::uint64_t>(end));
  }
  template <typename Container>
  auto any_of(const Container& all) {
    return *std::next(all.begin(), below(static_cast<int>(all.size())));
  }

  void append_any(std::string& bytes) {
    if (waiting_.size() < 2 || below(8) == 0) return begin_session(bytes);
    const std::int64_t session = any_of(waiting_).first;
    std::set<std::int64_t>& messages = waiting_[session];
    const int what = below(20);
    if (what == 0 && waiting_.size() > 2) {
      waiting_.erase(session);
      append_change(bytes, hub::SessionEnded{.session = session});
    } else if (what < 3) {
      append_change(bytes, hub::RetainedKept{.topic = below(2) == 0 ? "a" : "b",
                                             .packet = below(2) == 0 ? "" : packet()});
    } else if (what < 10 || messages.empty()) {
      keep_message(bytes);
    } else {
      answer(bytes, session, any_of(messages), what);
    }
  }
  void begin_session(std::string& bytes) {
    const std::int64_t number = ++last_number_;
    waiting_[number];
    bytes += change_of({.number = number, .user = "anna", .client_id = fmt::format("c{}", number)});
  }
  void keep_message(std::string& bytes) {
    const std::string first = packet();
    std::string_view with_first = first;
    for (auto& [session, messages] : waiting_) {
      messages.insert(++last_number_);
      append_change(bytes, hub::MessageKept{.session = session,
                                            .message = last_number_,
                                            .flags = {.qos = wire::mqtt::Qos::kExactlyOnce},
                                            .packet = std::exchange(with_first, {})});
    }
  }
  void answer(std::string& bytes, std::int64_t session, std::int64_t message, int what) {
    if (what < 13 && !released_.contains(message)) {
      append_change(bytes,
                    hub::MessageNumbered{.session = session, .message = message, .packet_id = 7});
    } else if (what < 16) {
      released_.insert(message);
      append_change(bytes,
                    hub::MessageReleased{.session = session, .message = message, .packet_id = 7});
    } else {
      waiting_[session].erase(message);
      append_change(bytes, hub::MessageDone{.session = session, .message = message});
    }
  }
  std::string packet() {
    const wire::mqtt::Message message{.topic = "t", .payload = std::to_string(below(1000))};
    return wire::mqtt::packet_of(message, {.qos = wire::mqtt::Qos::kAtLeastOnce});
  }

  Chance chance_;
  std::uint64_t draws_ = 0;
  std::int64_t last_number_ = 0;
  std::map<std::int64_t, std::set<std::int64_t>> waiting_;  // of each session
  std::set<std::int64_t> released_;                         // messages
};

}  // namespace gridloom::mqtt
