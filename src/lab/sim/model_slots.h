// The fields that a model reads and writes, looked up once for all devices of a family.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "base/result.h"
#include "sim/fields.h"
#include "sim/members.h"
#include "sim/model.h"

namespace gridloom::sim {

// The base of a model's slots:
//
//   struct Slots : ModelSlots {
//     using ModelSlots::ModelSlots;
//     Slot soc = number("pd.soc", "%");
//     Slot cells = json("bms_bmsStatus.cellVol");
//   };
//
// A name, type, unit or number that the family's file does not have makes status() an error, and so
// does a number of its section `physics` that nothing reads; the slots may not be used then.
class ModelSlots {
 public:
  explicit ModelSlots(FieldTablePtr table) : table_(std::move(table)) {}

  // kMalformed, with all that is missing.
  [[nodiscard]] Status status() const;

 protected:
  // An int, float or bool field, whose numbers the model has in `unit`; empty: a plain number.
  [[nodiscard]] Slot number(std::string_view name, std::string_view unit = {});
  // An array field, whose elements the model has in `unit`.
  [[nodiscard]] Slot numbers(std::string_view name, std::string_view unit);
  // A field of another type.
  [[nodiscard]] Slot json(std::string_view name);
  // Numbers inside an array or object field.
  [[nodiscard]] MemberSlots members(std::string_view name, std::vector<std::string> paths) {
    return {.slot = json(name), .paths = std::move(paths)};
  }
  // The modules of a group by FieldTable::modules(): at least one.
  [[nodiscard]] std::vector<std::size_t> modules(std::string_view group);
  // A number of the section `physics`: rating("batteries.pack", "charge_w").
  [[nodiscard]] double rating(std::string_view part, std::string_view number);
  // The same, for a number that the file may leave out.
  [[nodiscard]] double rating_or(std::string_view part, std::string_view number, double otherwise);
  [[nodiscard]] const FieldTable& table() const { return *table_; }
  // Adds to what the family lacks.
  void miss(std::string_view what);

 private:
  [[nodiscard]] const FieldTable::Entry* find(std::string_view name);
  [[nodiscard]] Slot in_unit(const FieldTable::Entry& entry, std::string_view unit);
  [[nodiscard]] std::optional<double> find_rating(std::string_view part, std::string_view number);

  FieldTablePtr table_;
  std::string missing_;
  std::set<std::pair<std::string, std::string>> ratings_;  // part and number: those that were read
};

template <typename SomeModel, typename Slots>
[[nodiscard]] Result<ModelMaker> maker_of(const FieldTablePtr& table) {
  const auto slots = std::make_shared<const Slots>(table);
  GL_TRY(slots->status());
  return [slots](Chance chance) { return std::make_unique<SomeModel>(slots, chance); };
}

}  // namespace gridloom::sim
