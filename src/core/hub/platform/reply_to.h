// The callback for an answer: `done` is called with the answer on `loop`.
#pragma once

#include <utility>

#include "base/loop.h"
#include "base/result.h"

namespace gridloom::hub {

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

}  // namespace gridloom::hub
