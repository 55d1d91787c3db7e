// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "policy/yaml_reader.hpp"

namespace tollgate::tests {

/// A policy file of default drop in the mode audit; `sections` are the rest of `spec`, from line 7
/// on.
inline std::string policy_text(const std::string& sections) {
    return "apiVersion: tollgate/v1\n"
           "kind: Policy\n"
           "metadata: {name: test}\n"
           "spec:\n"
           "  mode: audit\n"
           "  default: {ingress: drop, egress: drop}\n" +
           sections;
}

/// The same, read; the test fails if it cannot be.
inline policy::Policy policy_of(const std::string& sections) {
    auto reading = policy::read_policy(policy_text(sections));
    EXPECT_TRUE(reading.policy) << policy::format_problems("test.yaml", reading.problems);
    return reading.policy.value_or(policy::Policy{});
}

/// What reading reports, one line each, for the file "f".
inline std::string problems_of(const std::string& sections) {
    return policy::format_problems("f", policy::read_policy(policy_text(sections)).problems);
}

}  // namespace tollgate::tests
