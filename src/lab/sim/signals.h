// The fields whose values move by themselves: ramps, sines, random walks and formulas, as the
// family's file declares them (catalog::Signal).
//
// They are written after everything else, in an order in which each formula finds the values of
// this step; a value outside the field's range is the nearest one inside.
#pragma once

#include "sim/model.h"

namespace gridloom::sim {

// Makes models that write the family's signals beside what the models of `maker` write; returns
// `maker` itself for a family without signals. For any thread, as ModelMaker.
[[nodiscard]] ModelMaker with_signals(const FieldTablePtr& table, ModelMaker maker);

}  // namespace gridloom::sim
