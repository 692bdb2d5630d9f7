#include "bridges/influx/positions.h"

#include <utility>

#include "storage/files.h"
#include "storage/summed_file.h"
#include "wire/json.h"

namespace gridloom::bridges {
namespace {

constexpr wire::JsonLimits kLimits{
    .bytes = Positions::kMaxBytes, .depth = 4, .keys = std::size_t{1} << 20U};

}  // namespace

Positions Positions::open(const Options& options) {
  Positions opened;
  opened.file_ = options.file;
  opened.target_ = options.target;
  opened.since_ms_ = options.since_ms;
  const auto text = storage::read_summed_file(options.file, kMaxBytes);
  if (!text) return opened;
  const auto parsed = wire::parse_json(*text, kLimits);
  if (!parsed || wire::text_in(*parsed, "target") != options.target) return opened;
  const wire::Json* devices = wire::member(*parsed, "devices");
  if (devices == nullptr || !devices->is_object()) return opened;
  opened.since_ms_ = wire::whole_in(*parsed, "since").value_or(options.since_ms);
  for (const auto& [sn, at_ms] : devices->get_object()) {
    if (wire::is_whole(at_ms)) opened.at_ms_.insert_or_assign(std::string(sn), wire::whole(at_ms));
  }
  opened.is_saved_ = true;
  return opened;
}

std::int64_t Positions::of(std::string_view sn) const {
  const auto found = at_ms_.find(sn);
  return found == at_ms_.end() ? since_ms_ : found->second;
}

void Positions::set(std::string_view sn, std::int64_t at_ms) {
  const auto [place, is_new] = at_ms_.try_emplace(std::string(sn), at_ms);
  is_saved_ = is_saved_ && !is_new && place->second == at_ms;
  place->second = at_ms;
}

Status Positions::save() {
  if (is_saved_) return {};
  if (Status made = storage::make_data_folder(file_.parent_path()); !made) return made;
  wire::JsonObject devices;
  for (const auto& [sn, at_ms] : at_ms_) devices[sn] = at_ms;
  const wire::JsonObject all{
      {"target", target_}, {"since", since_ms_}, {"devices", std::move(devices)}};
  Status saved = storage::write_summed_file(file_, wire::to_text(all));
  is_saved_ = saved.has_value();
  return saved;
}

}  // namespace gridloom::bridges
