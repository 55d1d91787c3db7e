// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/yaml_events.hpp"

/// Events of a YAML parser as bytes, between two processes of the same program:
///
///     kind (8 bits), anchor (8), zero (16), line (32), column (32), bytes of the tag (32), bytes
///     of the value (32), tag, value
///
/// The last is of the kind kDone, or kProblem with the message as its value.
namespace tollgate::agent {

void append_event(std::string& bytes, const policy::YamlEvent& event);
/// @param problem none: the whole text was parsed
void append_end(std::string& bytes, const std::optional<policy::Problem>& problem);

/// Reads such bytes as they come, and believes none of them.
class YamlWireReader {
  public:
    /// @param bytes_max of a tag, a value or a message
    explicit YamlWireReader(std::size_t bytes_max) : bytes_max_{bytes_max} {}

    enum class State : std::uint8_t {
        open,       ///< more is to come
        ended,      ///< the end came, and nothing after it
        enough,     ///< the sink wants no more
        malformed,  ///< no parser of ours has written this
    };
    /// Gives all whole events to the sink.
    State read(std::string_view bytes, const policy::YamlSink& sink);

    /// What the end said. @pre ended
    [[nodiscard]] const std::optional<policy::Problem>& problem() const { return problem_; }

  private:
    /// The next event. @return the bytes that it took, 0: it is not there as a whole
    std::size_t read_one(std::string_view bytes, const policy::YamlSink& sink);

    std::size_t bytes_max_;
    std::string waiting_;
    State state_ = State::open;
    std::optional<policy::Problem> problem_;
};

}  // namespace tollgate::agent
