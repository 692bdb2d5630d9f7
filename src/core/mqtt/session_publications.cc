#include "mqtt/session_publications.h"

#include <string>
#include <utility>

#include "mqtt/receipts.h"

namespace gridloom::mqtt {

using wire::mqtt::Qos;

void SessionPublications::use(ClientStreamPtr stream) {
  stream_ = std::move(stream);
  is_complete_ = stream_ && stream_->number() != 0;
}

void SessionPublications::clear() const {
  if (const std::int64_t number = stream_ ? stream_->cleared() : 0; number != 0) {
    record(*server_.hub, hub::StreamCleared{number});
  }
}

hub::PublishOptions::Identity SessionPublications::identify(
    const wire::mqtt::PlainPublication& publication) {
  const auto& keeper = server_.hub->platform().sessions;
  if (!stream_ || !keeper) return {};
  const hub::Receipt receipt{.packet_id = publication.token.packet_id,
                             .exactly_once = publication.qos == Qos::kExactlyOnce,
                             .digest = digest_of(publication.topic, publication.payload)};
  const ClientStream::RecordedPublication taken =
      stream_->take(receipt, publication.dup, server_.clock->now(), keeper->new_number);
  if (taken.is_new_stream) {
    record(*server_.hub, hub::StreamBegun{.stream = taken.stream,
                                          .user = session_.identity().name,
                                          .client_id = session_.client_id()});
  }
  return {.stream = taken.stream,
          .receipt = receipt,
          .settled = taken.settled,
          .repeated = taken.repeated,
          .is_complete = is_complete_};
}

void SessionPublications::answered(const hub::Ack& ack) const {
  if (stream_) stream_->answered(ack, server_.clock->now());
}

void SessionPublications::answered(const std::vector<hub::Ack>& acks) const {
  for (const hub::Ack& ack : acks) answered(ack);
}

void SessionPublications::refused(const wire::mqtt::AckToken& token) const {
  answered({.token = token, .reason = wire::mqtt::Reason::kNotAuthorized});
}

void SessionPublications::release(std::uint16_t packet_id, std::weak_ptr<hub::Client> session,
                                  std::function<void()> done) const {
  const std::int64_t stream = stream_ ? stream_->released(packet_id) : 0;
  if (stream == 0) return done();
  std::string change;
  hub::append_change(change, hub::PublicationReleased{.stream = stream, .packet_id = packet_id});
  record(*server_.hub, std::move(change), std::move(session), std::move(done));
}

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
