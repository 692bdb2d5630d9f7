// Handles of libnats with owners. Only for files of this room: no other room sees libnats.
#pragma once

#include <nats/nats.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace gridloom::nats {

// The library is given a number, in the form of a pointer, for each of its callbacks. It may call
// when the target of a callback is gone, and then the number leads nowhere.
//
// Thread rule: any function from any thread.
template <typename T>
class Closures {
 public:
  [[nodiscard]] void* add(std::weak_ptr<T> target) {
    const std::unique_lock lock(mutex_);
    targets_.emplace(++last_, std::move(target));
    return reinterpret_cast<void*>(last_);
  }
  void remove(void* closure) {
    const std::unique_lock lock(mutex_);
    targets_.erase(reinterpret_cast<std::uintptr_t>(closure));
  }
  [[nodiscard]] std::shared_ptr<T> find(void* closure) {
    const std::shared_lock lock(mutex_);
    const auto found = targets_.find(reinterpret_cast<std::uintptr_t>(closure));
    return found == targets_.end() ? nullptr : found->second.lock();
  }

 private:
  std::shared_mutex mutex_;
  std::uintptr_t last_ = 0;
  std::map<std::uintptr_t, std::weak_ptr<T>> targets_;
};

// A status of libnats as an Error with words. Only for files of this room: no other room sees
// libnats.
// `doing`: what failed, as in "a request at gl.x". The code of JetStream is 0 for other calls. To
// be called at once, on the thread of the call: the library keeps its last words there.
[[nodiscard]] Error error_of(std::string_view doing, natsStatus status, int jet_stream_code = 0);

template <auto kDestroy>
struct DestroyWith {
  template <typename T>
  void operator()(T* handle) const {
    kDestroy(handle);
  }
};

using OptionsHandle = std::unique_ptr<natsOptions, DestroyWith<natsOptions_Destroy>>;
using ConnectionHandle = std::unique_ptr<natsConnection, DestroyWith<natsConnection_Destroy>>;
using SubscriptionHandle = std::unique_ptr<natsSubscription, DestroyWith<natsSubscription_Destroy>>;
using MessageHandle = std::unique_ptr<natsMsg, DestroyWith<natsMsg_Destroy>>;
using InboxHandle = std::unique_ptr<natsInbox, DestroyWith<natsInbox_Destroy>>;
using ContextHandle = std::unique_ptr<jsCtx, DestroyWith<jsCtx_Destroy>>;
using StreamInfoHandle = std::unique_ptr<jsStreamInfo, DestroyWith<jsStreamInfo_Destroy>>;
using ConsumerInfoHandle = std::unique_ptr<jsConsumerInfo, DestroyWith<jsConsumerInfo_Destroy>>;
using AckHandle = std::unique_ptr<jsPubAck, DestroyWith<jsPubAck_Destroy>>;

}  // namespace gridloom::nats
