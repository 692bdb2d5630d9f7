// The model of a family without one in C++: runs the parts that its file declares in `physics`.
#pragma once

#include "base/result.h"
#include "sim/model.h"

namespace gridloom::sim {

// kMalformed: the file has physics.model, which only a model in C++ could read.
[[nodiscard]] Result<ModelMaker> physics_maker(const FieldTablePtr& table);

}  // namespace gridloom::sim
