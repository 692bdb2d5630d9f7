#include "mqtt/session_log.h"

#include <utility>

namespace gridloom::mqtt {

void record(const hub::Hub& hub, const hub::SessionChange& change) {
  std::string bytes;
  hub::append_change(bytes, change);
  hub.record_changes(std::move(bytes), {});
}

void record(const hub::Hub& hub, std::string changes, std::weak_ptr<hub::Client> session,
            std::function<void()> done) {
  if (!done) return hub.record_changes(std::move(changes), {});
  hub.record_changes(std::move(changes),
                     [session = std::move(session), done = std::move(done)]() mutable {
                       const hub::ClientPtr client = session.lock();
                       if (!client) return;
                       client->loop().post([client, done = std::move(done)] { done(); });
                     });
}

StepChanges changes_of(std::int64_t session,
                       const std::vector<wire::mqtt::Outbox::DeliveryStep>& steps) {
  using Step = wire::mqtt::Outbox::DeliveryStep::Step;
  StepChanges changes;
  for (const auto& [step, number, packet_id] : steps) {
    switch (step) {
      case Step::kNumbered:
        hub::append_change(changes.bytes, hub::MessageNumbered{session, number, packet_id});
        changes.is_awaited = true;
        break;
      case Step::kReleased:
        hub::append_change(changes.bytes, hub::MessageReleased{session, number, packet_id});
        changes.is_awaited = true;
        break;
      case Step::kDone:
        hub::append_change(changes.bytes, hub::MessageDone{session, number});
        break;
    }
  }
  return changes;
}

}  // namespace gridloom::mqtt
