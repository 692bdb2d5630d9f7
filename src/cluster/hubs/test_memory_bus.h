// A bus between nodes in one thread (hubs/node_link.h), for tests and transcripts: it delays,
// loses, repeats and refuses what it carries, as its owner says, and knows which nodes hear each
// other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "base/chance.h"
#include "hubs/node_link.h"

namespace gridloom::hub {

class MemoryBus {
 public:
  // Each happens to one frame in so many; 0: never.
  struct Chances {
    std::size_t lost = 0;
    std::size_t repeated = 0;
    std::size_t delayed = 0;
    std::size_t refused = 0;
  };
  explicit MemoryBus(std::uint64_t seed = 1) : chance_(seed) {}
  MemoryBus(const MemoryBus&) = delete;
  MemoryBus& operator=(const MemoryBus&) = delete;

  class End final : public Peers {
   public:
    End(MemoryBus& bus, std::string name) : bus_(bus), name_(std::move(name)) {}
    void use(Handler* handler) override { bus_.handlers_[name_] = handler; }
    [[nodiscard]] bool send(const std::string& node, const std::string& bytes) override {
      return bus_.send({.from = name_, .to = node, .bytes = bytes});
    }

   private:
    MemoryBus& bus_;
    const std::string name_;
  };
  // The node's end, which lives as long as the bus.
  [[nodiscard]] End& end(const std::string& node) {
    return ends_.try_emplace(node, *this, node).first->second;
  }

  Chances chances{};

  // Both nodes hear each other from now on, and are told so.
  void link(const std::string& one, const std::string& other) {
    cut_[key(one, other)] = false;
    if (Peers::Handler* const handler = handlers_[one]) handler->node_is_there(other);
    if (Peers::Handler* const handler = handlers_[other]) handler->node_is_there(one);
  }
  // They do not hear each other any more; kNo: frames are lost without a word.
  enum class Told : bool { kNo, kYes };
  void cut(const std::string& one, const std::string& other, Told told) {
    cut_[key(one, other)] = true;
    if (told == Told::kNo) return;
    if (Peers::Handler* const handler = handlers_[one]) handler->node_is_away(other);
    if (Peers::Handler* const handler = handlers_[other]) handler->node_is_away(one);
  }
  // Hands over what waits. False: there was nothing.
  bool turn() {
    if (frames_.empty()) return false;
    for (std::size_t left = frames_.size(); left != 0 && !frames_.empty(); --left) {
      Frame frame = std::move(frames_.front());
      frames_.pop_front();
      if (happens(chances.delayed)) {
        frames_.push_back(std::move(frame));
        continue;
      }
      if (cut_[key(frame.from, frame.to)] || happens(chances.lost)) continue;
      if (happens(chances.repeated)) frames_.push_back(frame);
      if (Peers::Handler* const to = handlers_[frame.to]) {
        to->received(frame.from, std::move(frame.bytes));
      }
    }
    return true;
  }
  [[nodiscard]] std::size_t sent() const { return sent_; }  // frames

 private:
  struct Frame {
    std::string from;
    std::string to;
    std::string bytes;
  };
  [[nodiscard]] static std::string key(const std::string& one, const std::string& other) {
    return std::min(one, other) + ' ' + std::max(one, other);
  }
  bool happens(std::size_t times) { return times != 0 && chance_.bits(draws_++) % times == 0; }
  bool send(Frame frame) {
    ++sent_;
    if (happens(chances.refused)) return false;
    frames_.push_back(std::move(frame));
    return true;
  }

  const Chance chance_;
  std::uint64_t draws_ = 0;
  std::map<std::string, End> ends_;
  std::map<std::string, Peers::Handler*> handlers_;  // null: the node ended
  std::map<std::string, bool> cut_;
  std::deque<Frame> frames_;
  std::size_t sent_ = 0;
};

}  // namespace gridloom::hub
