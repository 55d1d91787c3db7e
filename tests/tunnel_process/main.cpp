// SPDX-License-Identifier: MIT
// The tests, and with a role the data process that they start.
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "agent/system/child_process.hpp"
#include "agent/tunnel_process/confined_tunnel.hpp"
#include "tests/tunnel_process/intruder.hpp"

int main(int argc, char** argv) {
    if (tollgate::agent::role_of({argv + 1, argv + argc})) {
        return tollgate::agent::tunnel_process::run(tollgate::test::intrude);
    }
    ::testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
