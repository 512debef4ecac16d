# SPDX-License-Identifier: Apache-2.0
"""A daemon that runs for long uses no more than one that ran for a while."""

import lab
import soak


class Soak(lab.LabTest):
    """Half a day by the wall, eight times what the store keeps."""

    SCANS, STEP = 3000, 14

    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(soak.OPEN)

    def test_memory_descriptors_and_database_are_flat_at_the_end(self):
        run = soak.Soak(self.lab, self.SCANS, self.STEP)
        run.start()
        try:
            run.run()
        finally:
            run.stop()
        print()
        for line in run.figures():
            print("figures:", line)
        self.assertEqual(run.growing(), [])
        self.assertGreater(run.told(), 20)
        ((kept,),) = run.query("SELECT count(*) FROM scan")
        self.assertLess(kept, 2 * 3600 / self.STEP)
