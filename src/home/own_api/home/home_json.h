// A home as GET /api/v1/home and the topic home of the live stream show it. Pure.
#pragma once

#include <string>
#include <vector>

#include "catalog/family.h"
#include "catalog/language.h"
#include "home/home_state.h"
#include "overview/home_picture.h"
#include "overview/overview.h"
#include "own_api/bodies/events.h"

namespace gridloom::api {

// The members of the object, without "now"; titles and meanings of faults are English. `picture`
// is home::picture_of(state).
[[nodiscard]] std::string home_members(const home::HomeState& state,
                                       const overview::HomePicture& picture);
// The members in another language, by the translations of the devices' families.
[[nodiscard]] std::string translated_home_members(const home::HomeState& state,
                                                  const overview::HomePicture& picture,
                                                  const catalog::Catalog& catalog,
                                                  catalog::Language language);

// The faults that a device has, and since when: null where that is not known. They have views of
// `faults`.
[[nodiscard]] std::vector<body::ActiveError> faults_of(
    const std::vector<overview::ActiveError>& faults, const home::FaultTimes& since);

}  // namespace gridloom::api
