// Who has to do something at the end of a loop's turn: of each account in its order, and one of
// each account in turn. So a connection waits for one of each other account, not for the crowd of
// one.
//
// Who has more to write than it could is served in turn with those of its account that begin: the
// one subscriber of a thousand devices gets as many turns as they have together.
//
// Touched on one loop only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <utility>

namespace gridloom::net {

template <typename Who>
class TurnEnds {
 public:
  enum class Why : std::uint8_t { kBegins, kGoesOn };

  void add(std::int64_t account, std::shared_ptr<Who> who, Why why) {
    Line& line = lines_[account];
    if (line.empty()) turns_.push_back(&line);
    (why == Why::kGoesOn ? line.going_on : line.beginning).push_back(std::move(who));
    ++size_;
  }

  // There is one.
  [[nodiscard]] std::shared_ptr<Who> next() {
    Line& line = *turns_.front();
    turns_.pop_front();
    line.goes_on = !line.going_on.empty() && (!line.goes_on || line.beginning.empty());
    auto& next = line.goes_on ? line.going_on : line.beginning;
    std::shared_ptr<Who> who = std::move(next.front());
    next.pop_front();
    --size_;
    if (!line.empty()) {
      turns_.push_back(&line);
    } else if (turns_.empty() && lines_.size() > kKeptLines) {
      lines_.clear();
    }
    return who;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  void clear() {
    turns_.clear();
    lines_.clear();
    size_ = 0;
  }

 private:
  struct Line {
    [[nodiscard]] bool empty() const { return beginning.empty() && going_on.empty(); }

    std::deque<std::shared_ptr<Who>> beginning;
    std::deque<std::shared_ptr<Who>> going_on;
    bool goes_on = false;  // the one that was served last
  };

  // Empty ones stay, as most accounts come again in the next turn.
  static constexpr std::size_t kKeptLines = 256;

  std::unordered_map<std::int64_t, Line> lines_;  // by account
  std::deque<Line*> turns_;                       // those that are not empty
  std::size_t size_ = 0;
};

}  // namespace gridloom::net
