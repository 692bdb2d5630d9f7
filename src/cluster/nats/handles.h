// Handles of libnats with owners. Only for files of this room: no other room sees libnats.
#pragma once

#include <nats/nats.h>

#include <memory>

namespace gridloom::nats {

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
