#include "hub/saved_state.h"

#include <cstddef>
#include <utility>

#include "hub/clients/topic_rights.h"
#include "hub/platform/credentials.h"
#include "hub/platform/stored_messages.h"

namespace gridloom::hub {

bool SavedState::restore_retained(const RetainedChange& retained) {
  if (!still_retained(*platform_.registry.directory(), retained)) return false;
  const auto of_app = open_topic(retained.topic);
  const std::size_t index =
      shards_.local_index_of(partition_of(of_app ? of_app->sn : device_topic(retained.topic)->sn));
  shards_.post(index, [retained](Shard& shard) { shard.restore_retained(retained); });
  return true;
}

bool SavedState::restore_transit(StoredTransit stored) {
  if (shards_.remote() == nullptr) return false;
  shards_.remote()->restore(std::move(stored));
  return true;
}

bool SavedState::restore_arrivals(const StoredArrivals& stored) {
  if (shards_.remote() == nullptr) return false;
  shards_.remote()->restore(stored);
  return true;
}

void SavedState::save_twins(std::function<void(std::vector<SavedTwin>)> taken) {
  shards_.post_to_all([taken = std::move(taken)](Shard& shard) { taken(shard.save_twins()); });
}

void SavedState::save_twin(std::string sn, ReplyTo<DeviceAnswer> reply_to) {
  shards_.send_to(partition_of(sn),
                  {.reply = shards_.replies().add(std::move(reply_to)), .action = SaveTwin{sn}});
}

void SavedState::restore_twin(SavedTwin saved) {
  const std::size_t index = shards_.local_index_of(partition_of(saved.sn));
  shards_.post(index, [saved = std::move(saved)](Shard& shard) { shard.restore_twin(saved); });
}

}  // namespace gridloom::hub
