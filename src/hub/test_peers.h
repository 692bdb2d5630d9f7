// A bus between hubs in memory: it delays, loses, repeats and reorders what it carries, as the test
// says, and knows which nodes are there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "hub/peers.h"
#include "testing/dice.h"

namespace gridloom::hub {

class TestBus {
 public:
  // Each happens to one frame in so many; 0: never.
  struct Chances {
    std::size_t lost = 0;
    std::size_t repeated = 0;
    std::size_t delayed = 0;
    std::size_t refused = 0;
  };
  explicit TestBus(std::uint64_t seed = 1) : dice_(seed) {}

  // One node's end.
  class End final : public Peers {
   public:
    End(TestBus& bus, std::string name) : bus_(bus), name_(std::move(name)) {}
    void use(Handler* handler) override {
      if (handler == nullptr) {
        bus_.ends_.erase(name_);
      } else {
        bus_.ends_[name_] = handler;
      }
    }
    [[nodiscard]] bool send(const std::string& node, const std::string& bytes) override {
      return bus_.send({.from = name_, .to = node, .bytes = bytes});
    }

   private:
    TestBus& bus_;
    const std::string name_;
  };

  Chances chances{};

  // Both nodes hear each other from now on, or do not.
  void link(const std::string& one, const std::string& other) {
    cut_[key(one, other)] = false;
    ends_.at(one)->node_is_there(other);
    ends_.at(other)->node_is_there(one);
  }
  // `told`: both are told; else frames are lost without a word.
  enum class Told : bool { kNo, kYes };
  void cut(const std::string& one, const std::string& other, Told told) {
    cut_[key(one, other)] = true;
    if (told == Told::kNo) return;
    if (ends_.contains(one)) ends_.at(one)->node_is_away(other);
    if (ends_.contains(other)) ends_.at(other)->node_is_away(one);
  }
  // Hands over what waits. False: there was nothing.
  bool run() {
    if (waiting_.empty()) return false;
    for (std::size_t left = waiting_.size(); left != 0 && !waiting_.empty(); --left) {
      Frame frame = std::move(waiting_.front());
      waiting_.pop_front();
      if (happens(chances.delayed)) {
        waiting_.push_back(std::move(frame));
        continue;
      }
      if (cut_[key(frame.from, frame.to)] || happens(chances.lost)) continue;
      if (happens(chances.repeated)) waiting_.push_back(frame);
      const auto to = ends_.find(frame.to);
      if (to != ends_.end()) to->second->received(frame.from, std::move(frame.bytes));
    }
    return true;
  }
  [[nodiscard]] std::size_t frames() const { return frames_; }  // that were sent

 private:
  struct Frame {
    std::string from;
    std::string to;
    std::string bytes;
  };
  [[nodiscard]] static std::string key(const std::string& one, const std::string& other) {
    return std::min(one, other) + ' ' + std::max(one, other);
  }
  bool happens(std::size_t times) { return times != 0 && dice_.once_in(times); }
  bool send(Frame frame) {
    ++frames_;
    if (happens(chances.refused)) return false;
    waiting_.push_back(std::move(frame));
    return true;
  }

  Dice dice_;
  std::map<std::string, Peers::Handler*> ends_;
  std::map<std::string, bool> cut_;
  std::deque<Frame> waiting_;
  std::size_t frames_ = 0;
};

}  // namespace gridloom::hub
