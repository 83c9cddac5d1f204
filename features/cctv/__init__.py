"""From a camera's pictures to road users on a road plane, and to the incidents that follow from how they move."""
