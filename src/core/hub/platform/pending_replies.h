// The requests that wait for their replies: whom to call, and on which loop.
//
// Thread rule: any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "base/result.h"
#include "hub/platform/requests.h"

namespace gridloom::hub {

// The callback for an answer: `done` is called with the answer on `loop`.
template <typename T>
struct ReplyTo {
  Loop* loop = nullptr;
  Callback<Result<T>> done;
};

template <typename T>
void answer(ReplyTo<T> to, Result<T> result) {
  Loop& loop = *to.loop;
  loop.post([done = std::move(to.done), result = std::move(result)]() mutable {
    done(std::move(result));
  });
}

class PendingReplies {
 public:
  // The answer goes to `to`.
  [[nodiscard]] ReplyId add(ReplyTo<DeviceAnswer> to);
  // `done` is called after as many replies as `count` says, whatever they are: on `loop`, or, if
  // that is null, by the last take().
  [[nodiscard]] ReplyId add(std::size_t count, Loop* loop, Task done);
  // Nothing happens if nobody waits for the reply (any more).
  void take(Reply reply);

  [[nodiscard]] std::size_t size() const;

 private:
  struct Waiting {
    // Counts the uses of this place: a reply to an earlier one is recognized by it.
    std::uint32_t use = 1;
    std::size_t count = 0;  // so many replies are missing; 0: the place is free
    Loop* loop = nullptr;
    Callback<Result<DeviceAnswer>> done{};
  };
  // Loops have different parts, so that they rarely wait for each other.
  struct Part {
    mutable std::mutex mutex;
    std::vector<Waiting> places{};
    std::vector<std::uint32_t> free{};
  };
  static constexpr std::size_t kParts = 16;

  ReplyId add(const Loop* asker, Waiting waiting);

  std::array<Part, kParts> parts_;
};

}  // namespace gridloom::hub
