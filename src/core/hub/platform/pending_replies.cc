#include "hub/platform/pending_replies.h"

#include <functional>
#include <utility>

namespace gridloom::hub {
namespace {

// A ReplyId is the use of a place, the place, and its part.
constexpr std::uint64_t kPartBits = 4;
constexpr std::uint64_t kPlaceBits = 28;

struct Id {
  std::uint64_t part = 0;
  std::uint64_t place = 0;
  std::uint64_t use = 0;
};

ReplyId packed(const Id& id) {
  return ReplyId{(id.use << (kPlaceBits + kPartBits)) | (id.place << kPartBits) | id.part};
}

Id unpacked(ReplyId reply) {
  const auto bits = static_cast<std::uint64_t>(reply);
  return {.part = bits & ((1U << kPartBits) - 1),
          .place = (bits >> kPartBits) & ((1U << kPlaceBits) - 1),
          .use = bits >> (kPlaceBits + kPartBits)};
}

}  // namespace

ReplyId PendingReplies::add(const Loop* asker, Waiting waiting) {
  // Loops are large objects on the heap: the low bits of their addresses are the same.
  const std::size_t index = std::hash<const void*>{}(asker) / alignof(std::max_align_t) % kParts;
  Part& part = parts_.at(index);
  const std::lock_guard lock(part.mutex);
  if (part.free.empty()) {
    part.free.push_back(static_cast<std::uint32_t>(part.places.size()));
    part.places.emplace_back();
  }
  const std::uint32_t place = part.free.back();
  part.free.pop_back();
  waiting.use = part.places[place].use;
  part.places[place] = std::move(waiting);
  return packed({.part = index, .place = place, .use = part.places[place].use});
}

ReplyId PendingReplies::add(ReplyTo<DeviceAnswer> to) {
  return add(to.loop, {.count = 1, .loop = to.loop, .done = std::move(to.done)});
}

ReplyId PendingReplies::add(std::size_t count, Loop* loop, Task done) {
  return add(loop, {.count = count,
                    .loop = loop,
                    .done = [done = std::move(done)](Result<DeviceAnswer>) mutable { done(); }});
}

void PendingReplies::take(Reply reply) {
  const Id id = unpacked(reply.to);
  if (id.use == 0) return;
  Part& part = parts_.at(id.part);
  Loop* loop = nullptr;
  Callback<Result<DeviceAnswer>> done;
  {
    const std::lock_guard lock(part.mutex);
    if (id.place >= part.places.size()) return;
    Waiting& waiting = part.places[id.place];
    if (waiting.use != id.use || waiting.count == 0) return;
    if (--waiting.count != 0) return;
    loop = waiting.loop;
    done = std::move(waiting.done);
    waiting.done = nullptr;
    if (++waiting.use == 0) waiting.use = 1;
    part.free.push_back(static_cast<std::uint32_t>(id.place));
  }
  if (loop == nullptr) return done(std::move(reply.answer));
  loop->post([done = std::move(done), answer = std::move(reply.answer)]() mutable {
    done(std::move(answer));
  });
}

std::size_t PendingReplies::size() const {
  std::size_t waiting = 0;
  for (const Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    waiting += part.places.size() - part.free.size();
  }
  return waiting;
}

}  // namespace gridloom::hub
