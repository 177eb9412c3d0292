"""What leaves the product as a file: tables for French spreadsheets, made from the results that the pages show."""
