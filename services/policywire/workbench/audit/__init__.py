"""The retrospective audit: charges and orders under the policies, counted in lines and dollars, and reported."""
