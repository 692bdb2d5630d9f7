// What ears hear: see ear.h.
#include <algorithm>
#include <iterator>
#include <utility>

#include "hub/shard.h"

namespace gridloom::hub {

bool Shard::is_heard(std::string_view sn) const {
  return std::ranges::any_of(listenings_,
                             [sn](const Listening& each) { return each.sns.contains(sn); });
}

void Shard::listen(const Listening& listening) {
  hand_to_ears();  // what was before is not for this one
  std::vector<Heard> known;
  const TimePoint now = platform_.clock.now();
  for (const std::string& sn : listening.sns) {
    if (!mine_(sn)) continue;
    DeviceState* state = find_state(sn);
    const QuotaBody all = state == nullptr ? nullptr : state->twin.all();
    known.push_back(
        {.what = Heard::What::kKnown, .at = now, .sn = sn, .text = all ? *all : std::string("{}")});
    const bool online = state != nullptr && !state->carriers.empty();
    known.push_back(
        {.what = online ? Heard::What::kOnline : Heard::What::kOffline, .at = now, .sn = sn});
    if (!online || !state->away) continue;
    known.push_back({.what = Heard::What::kDeviceSends,
                     .at = now,
                     .sn = sn,
                     .verb = Verb::kStatus,
                     .text = R"({"params":{"status":0}})"});
  }
  listenings_.push_back(listening);
  if (!known.empty()) listening.ear->hear(std::move(known));
}

void Shard::unlisten(const Ear& ear) {
  hand_to_ears();
  std::erase_if(listenings_, [&ear](const Listening& each) { return each.ear.get() == &ear; });
}

void Shard::tell(Heard heard) {
  heard.at = platform_.clock.now();
  heard_.push_back(std::move(heard));
}

void Shard::tell_answer(const std::string& sn, std::uint64_t request,
                        const Result<std::string>& data) {
  if (!is_heard(sn)) return;
  Heard heard{.what = Heard::What::kAnswered, .sn = sn, .request = request};
  if (data) {
    heard.text = *data;
  } else {
    heard.fault = data.error();
  }
  tell(std::move(heard));
}

void Shard::hand_to_ears() {
  if (heard_.empty()) return;
  for (const Listening& each : listenings_) {
    std::vector<Heard> of_ear;
    std::ranges::copy_if(heard_, std::back_inserter(of_ear),
                         [&each](const Heard& heard) { return each.sns.contains(heard.sn); });
    if (!of_ear.empty()) each.ear->hear(std::move(of_ear));
  }
  heard_.clear();
}

}  // namespace gridloom::hub
