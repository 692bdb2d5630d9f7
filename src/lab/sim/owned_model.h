// A device's model, whose steps go straight to the model that has something to do in them.
#pragma once

#include <memory>
#include <utility>

#include "base/clock.h"
#include "sim/model.h"

namespace gridloom::sim {

class OwnedModel {
 public:
  explicit OwnedModel(std::unique_ptr<Model> model)
      : model_(std::move(model)), stepped_(&model_->stepped()) {}

  [[nodiscard]] Model* operator->() const { return model_.get(); }
  // In place of the model's own.
  void step(const Environment& environment, Millis dt) {
    elapsed_ += dt;
    stepped_->step(environment, dt);
  }
  void write(Fields& fields, const Environment& environment) {
    model_->elapse(std::exchange(elapsed_, Millis{0}));
    model_->write(fields, environment);
  }

 private:
  std::unique_ptr<Model> model_;
  Model* stepped_;
  Millis elapsed_{0};  // since the last write
};

}  // namespace gridloom::sim
