// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tollgate/abi/policy.h>
#include <tollgate/result.hpp>

#include "policy/model.hpp"

namespace tollgate::policy {

/// Where each stretch of services begins that are all of one class. The last one has no end.
struct PortStretches {
    std::vector<std::uint32_t> begins;  ///< indices into `port_classes`, ascending
    std::vector<std::uint16_t> classes;
};

/// The services of each link and direction, divided into classes: two services are in one class if
/// the same rules match them, whatever the remote. Class 0: no rule does.
class PortPartition {
  public:
    /// @param rules rule i + 1 at index i
    /// @return an error if there are more than TG_PORT_CLASSES_MAX classes
    static Result<PortPartition> of(std::span<const Rule* const> rules);

    /// Of every service of a link and direction: TG_PORTS_PER_DIRECTION entries, as in
    /// abi/policy.h.
    [[nodiscard]] std::vector<std::uint16_t> class_of(tg_link link, Direction direction) const;
    /// How many classes there are, class 0 included.
    [[nodiscard]] std::size_t classes() const { return classes_; }
    /// The classes that the services of a rule cover, in runs; a class may come more than once.
    [[nodiscard]] std::vector<std::span<const std::uint16_t>> runs(std::size_t rule) const;

  private:
    /// Indices of `stretches_`.
    [[nodiscard]] static std::size_t side_of(tg_link link, Direction direction) {
        return std::size_t{link} * TG_DIRECTIONS + static_cast<std::size_t>(direction);
    }
    [[nodiscard]] static std::vector<std::size_t> sides_of(const Rule& rule);

    /// Stretches of a side that a rule covers, the last excluded.
    struct Run {
        std::size_t side = 0;
        std::size_t first = 0;
        std::size_t last = 0;
    };

    std::array<PortStretches, std::size_t{TG_LINKS} * TG_DIRECTIONS> stretches_;
    std::vector<std::vector<Run>> runs_;  ///< index: rule
    std::size_t classes_ = 1;
};

}  // namespace tollgate::policy
