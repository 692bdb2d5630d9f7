#include "node/slot_history.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "slot_history/head_bytes.h"

namespace gridloom::node {
namespace {

// A reader waits a little longer (slot_history/slot_reads.h).
constexpr Millis kPatience{1'800};

// The request is the device's number as text; the reply, head_bytes_of().
std::string subject_of(cluster::Slot slot, cluster::Revision revision) {
  return fmt::format("gl.heads.{}.{}", cluster::number_of(slot), revision);
}

}  // namespace

SlotHistory::SlotHistory(Options options)
    : options_(std::move(options)),
      reads_(std::make_unique<history::SlotReads>(
          history::SlotReads::Options{.slots = options_.slots,
                                      .slot_of = options_.slot_of,
                                      .database = options_.database,
                                      .heads = this,
                                      .damage = &options_.damage,
                                      .clock = &options_.clock,
                                      .limits = options_.limits})) {}

SlotHistory::~SlotHistory() {
  reads_->stop();
  served_.clear();
}

Status SlotHistory::add(cluster::Slot slot, cluster::Revision revision, history::Archive& archive) {
  auto subscription = options_.nats.subscribe(
      subject_of(slot, revision),
      [&nats = options_.nats, &archive, revision](const nats::Delivery& request) {
        DeviceNumber device = 0;
        const char* const end = request.data.data() + request.data.size();
        const auto [stop, wrong] = std::from_chars(request.data.data(), end, device);
        if (wrong != std::errc() || stop != end || request.reply_to.empty()) return;
        history::head_bytes_of(
            archive, revision, device,
            [&nats, reply_to = std::string(request.reply_to)](const Result<std::string>& bytes) {
              // Without a reply the one who asked says that the owner does not answer now.
              if (!bytes) return;
              if (const Status sent = nats.publish(reply_to, *bytes); !sent) {
                spdlog::warn("what is not stored yet cannot be sent: {}", sent.error().detail);
              }
            });
      });
  if (!subscription) return std::unexpected(subscription.error());
  {
    const std::scoped_lock lock(mutex_);
    served_.insert_or_assign(slot, std::move(*subscription));
  }
  reads_->add(slot, archive);
  return {};
}

void SlotHistory::remove(cluster::Slot slot) {
  std::optional<nats::Subscription> gone;  // ends outside of the lock, behind its handler
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = served_.find(slot); found != served_.end()) {
      gone.emplace(std::move(found->second));
      served_.erase(found);
    }
  }
  gone.reset();
  reads_->remove(slot);
}

void SlotHistory::heads(cluster::Slot slot, DeviceNumber device,
                        Callback<Result<std::string>> done) {
  const auto revision = options_.revision_of(slot);
  if (!revision) return done(fail(ErrorCode::kOffline, "no node serves the slot of the device"));
  options_.nats.request(subject_of(slot, *revision), std::to_string(device), kPatience,
                        std::move(done));
}

}  // namespace gridloom::node
