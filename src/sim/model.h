// What a virtual device's physics looks like to the rest of the simulator.
//
// VirtualDevice (virtual_device.h) holds the fields, obeys the commands' declared effects and sends
// the declared reports; a Model computes the numbers that belong together (watts, charge,
// temperatures, counters) from the settings among those fields. Only models know fields by name.
// One thread at a time per device.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "catalog/family.h"
#include "wire/json.h"

namespace gridloom::sim {

// The fields' names, which all virtual devices of a family share: '*' is replaced by the modules'
// serial numbers. Never changes: for any thread.
class FieldTable {
 public:
  explicit FieldTable(catalog::FamilyPtr family);

  struct Entry {
    std::string name;
    const catalog::Field* field = nullptr;
  };
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
  // Likewise, quickly if it is the one that was asked for behind `last` before, by whichever
  // device: a model asks in the same order, step after step.
  [[nodiscard]] std::optional<std::size_t> find_behind(std::size_t last,
                                                       std::string_view name) const;
  [[nodiscard]] const catalog::Family& family() const { return *family_; }

  // The modules of each group, with the numbers that stand for '*' in the entries' names.
  struct Module {
    std::string group;
    std::string sn;
  };
  static constexpr std::size_t kNoModule = SIZE_MAX;
  [[nodiscard]] const std::vector<Module>& modules() const { return modules_; }

 private:
  catalog::FamilyPtr family_;
  std::vector<Entry> entries_;
  std::vector<Module> modules_;
  catalog::NameIndex index_;
  // By entry: the one behind it. A guess, which find_behind() checks.
  mutable std::vector<std::atomic<std::uint32_t>> next_;
};
using FieldTablePtr = std::shared_ptr<const FieldTable>;

// The fields of one device: quota name -> JSON value. Numbers are kept in wire units. Remembers
// what changed, for the delta reports.
class Fields {
 public:
  // Every field of the family with its initial value (or its type's zero).
  explicit Fields(FieldTablePtr table);

  [[nodiscard]] bool has(std::string_view name) const;
  // These and set() throw logic_error if there is no such field: a model that asks for one is
  // wrong.
  [[nodiscard]] const wire::Json& get(std::string_view name) const;
  [[nodiscard]] const wire::Json& initial(std::string_view name) const;  // as the file has it
  [[nodiscard]] double number(std::string_view name) const;              // bools count as 0 and 1
  [[nodiscard]] std::int64_t integer(std::string_view name) const;       // truncated
  [[nodiscard]] bool on(std::string_view name) const { return number(name) != 0; }

  void set(std::string_view name, wire::Json value);
  // By the field's type: an int field takes the rounded number, a float field six significant
  // digits.
  void set_number(std::string_view name, double value);
  void add(std::string_view name, double delta) { set_number(name, number(name) + delta); }

  // The serial numbers that stand for '*' in a group: parts of names here, the same in all devices.
  [[nodiscard]] const std::vector<std::string>& modules(std::string_view group) const;
  // Which the device itself says instead of those, as no two devices share a module: made of its
  // own number, but for the family's first virtual device, which has the modules that its file
  // names. Until this is called, every device has those.
  void assign_serials(std::string_view device_sn);
  [[nodiscard]] std::string_view serial(std::size_t module) const;  // by FieldTable::modules()
  [[nodiscard]] std::string_view serial(std::string_view in_names) const;

  struct Slot {
    std::string_view name;  // in the table
    const catalog::Field* field = nullptr;
    wire::Json value;
  };
  [[nodiscard]] const std::vector<Slot>& slots() const { return slots_; }
  [[nodiscard]] bool changed(std::size_t slot) const { return changed_[slot] != 0; }
  void clear_changes();
  void reset_to_initial();  // every field, marking what changes

  // A pinned field keeps its value, whatever is set, until unpin(), which takes it back to what it
  // was before.
  void pin(std::size_t slot, wire::Json value);
  void unpin(std::size_t slot);

 private:
  [[nodiscard]] std::size_t index_of(std::string_view name) const;
  void put(std::size_t index, wire::Json value);

  FieldTablePtr table_;
  std::vector<Slot> slots_;
  std::vector<std::uint8_t> changed_;         // by slot; apart from them, as all are looked at
  std::vector<double> numbers_;               // by slot: as set_number() was given it, or NaN
  std::map<std::size_t, wire::Json> pinned_;  // by slot: what it was before
  std::vector<std::string> serials_;          // by module; empty: the table's
  mutable std::size_t last_ = 0;              // that was asked for
};

// The values that the family's file lets the device begin with (catalog::Virtual::Device::has).
void equip(Fields& fields, const catalog::Family& family, std::string_view sn);

// What is the same for all devices of a site at a moment; but for a device that has a fault
// (catalog::Trouble), which feels it otherwise.
struct Surroundings {
  TimePoint now;              // UTC
  std::int64_t local_ms = 0;  // since local midnight
  double sun = 0;             // of a PV module's rated power: 0 at night, about 1 at best
  double air_c = 20;
  double household_w = 350;  // what the home draws
  double grid_v = 230;
  double grid_hz = 50;
  bool grid_up = true;
  std::array<double, 2> panels{1, 1};  // what of the sun reaches each PV input
  bool battery_ok = true;              // false: its protection lets nothing in or out
  bool heater_ok = true;               // false: the battery's heater fails when it is to heat
  double appliance_w = 0;              // hangs on the device's own sockets, beside all else
};

// What a model makes of a command, after its declared effects.
struct Outcome {
  std::optional<std::int64_t> ack;  // in place of the declared reply's, if it has one
  wire::JsonObject result;          // laid over the declared reply's
  bool full_report = false;         // everything is to be reported at once
};

// A device's energy in whole microjoules: what came in and went out since it began, what it stores
// in its batteries now, and what was lost as heat or as a battery shrank with age. What came in is
// what went out, was lost, and is stored more, to the last one; no step loses less than nothing.
struct Balance {
  std::int64_t in_uj = 0;
  std::int64_t out_uj = 0;
  std::int64_t lost_uj = 0;
  std::int64_t stored_uj = 0;
};

class Model {
 public:
  Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  virtual ~Model() = default;

  // Once, before the first step: makes the initial values belong together, and writes them.
  virtual void start(Fields& fields, const Surroundings& around) = 0;
  // `dt` since the last step: 2 s as a rule, at most 60 s. Numbers only: there are many more steps
  // than reports, so fields are looked at where they change, in start() and command().
  virtual void step(const Surroundings& around, Millis dt) = 0;
  // What the last step, around which was `around`, came to. Again, it writes the same.
  virtual void write(Fields& fields, const Surroundings& around) = 0;
  // After write() and the declared effects of any command: takes the settings over, and writes what
  // they make at once. `params` as catalog::CheckedSet gives them.
  virtual Outcome command(Fields& fields, const catalog::Command& command,
                          const wire::JsonObject& params, const Surroundings& around) = 0;
  // As of the last step.
  [[nodiscard]] virtual Balance balance() const { return {}; }
};

// The model of a family; for a family without one, a model that changes nothing (a new family needs
// no C++).
[[nodiscard]] std::unique_ptr<Model> make_model(const catalog::Family& family, Chance chance);

std::unique_ptr<Model> make_delta_2(Chance chance);
std::unique_ptr<Model> make_smart_home_panel(Chance chance);
std::unique_ptr<Model> make_power_kits(Chance chance);
std::unique_ptr<Model> make_power_ocean(Chance chance);
std::unique_ptr<Model> make_power_stream(Chance chance);

}  // namespace gridloom::sim
