// The energy ledger: how much a device moved in any span of time, from what the archive holds.
//
// Hours that are over have their energies in the store; the running hour, and hours that got late
// rows, are accounted from their blocks when somebody asks, in the same way. So an answer does not
// depend on when hours were stored.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "catalog/family.h"
#include "history/archive.h"
#include "history/meters.h"
#include "history/quantity.h"

namespace gridloom::history {

// The same as energies_between(), done bit by bit.
class EnergyQuery {
 public:
  struct Options {
    DeviceNumber device = 0;
    Meters meters;
    std::vector<std::int64_t> bounds;
  };
  explicit EnergyQuery(Options options);
  EnergyQuery(EnergyQuery&&) noexcept;
  EnergyQuery& operator=(EnergyQuery&&) noexcept;
  EnergyQuery(const EnergyQuery&) = delete;
  EnergyQuery& operator=(const EnergyQuery&) = delete;
  ~EnergyQuery();

  // Works on for some milliseconds at most, wherever that is in an hour.
  [[nodiscard]] Status work(Reader& reader);
  [[nodiscard]] bool done() const;
  [[nodiscard]] const Meters& meters() const;
  // Once it is done.
  [[nodiscard]] const std::vector<Energies>& sums() const;

 private:
  class Reading;
  std::unique_ptr<Reading> reading_;
};

// Of the spans between neighbours of `bounds`, which ascend and lie on quarters of an hour.
[[nodiscard]] Result<std::vector<Energies>> energies_between(Reader& reader, DeviceNumber device,
                                                             const Meters& meters,
                                                             std::span<const std::int64_t> bounds);

// The quarters of an hour that a span touches.
[[nodiscard]] std::int64_t quarter_before(std::int64_t at_ms);
[[nodiscard]] std::int64_t quarter_after(std::int64_t at_ms);

// What stores the energies of hours that are over. `family_of` says what a device is; null: it is
// no longer there. Called on the builder's thread.
using FamilyOf = std::function<catalog::FamilyPtr(DeviceNumber device)>;
[[nodiscard]] Account account_by(FamilyOf family_of);

}  // namespace gridloom::history
