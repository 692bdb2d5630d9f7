// The energies of hours that are over: each account builds on the last hour before it in which the
// device reported anything, in the store or among changes that are still to be written.
//
// Thread rule: the builder's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "history/blocks/block.h"
#include "history/blocks/field_names.h"
#include "history/energy/open_energies.h"
#include "history/store/store.h"

namespace gridloom::history {

// The last earlier hour in which the device reported anything, however long ago, and the energies
// computed for it. Null and empty: there is no such hour.
struct HourBefore {
  const Block* block = nullptr;
  std::int64_t hour = 0;
  std::string_view energies{};
};
// How energies are computed; both empty: they are not.
struct HourIntegrator {
  // Those of an hour. Called again when late rows arrive for either hour.
  std::function<std::string(const DeviceHour& of, const HourBefore& before, const Block& block,
                            const FieldNames& names)>
      of_hour{};
  SourcesOf sources_of{};
};

class EnergyAccounts {
 public:
  // `store` and `names` outlive it.
  EnergyAccounts(StoreReader& store, const FieldNames& names, HourIntegrator integrate)
      : store_(store), names_(names), integrate_(std::move(integrate)) {}

  // Adds the energies of an hour to `changes`, or nothing: its blocks are not kept, or are several,
  // so that queries compute them.
  [[nodiscard]] Status add(const DeviceHour& of, Changes& changes);
  [[nodiscard]] const HourIntegrator& integrator() const { return integrate_; }

 private:
  // All of an hour as one block, from `changes` or the store. Empty: no data, or too much.
  [[nodiscard]] Result<std::string> whole(const DeviceHour& of, const Changes& changes);
  [[nodiscard]] Result<std::optional<std::int64_t>> hour_before(const DeviceHour& of,
                                                                const Changes& changes);
  [[nodiscard]] Result<std::string> energies_of(const DeviceHour& of, const Changes& changes);

  StoreReader& store_;
  const FieldNames& names_;
  HourIntegrator integrate_;
};

}  // namespace gridloom::history
